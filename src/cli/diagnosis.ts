/** What `doctor` finds: versions, each engine and what it can be trusted with, its self-test. */
import koffi from 'koffi';
import { OracleError } from '../core/errors.ts';
import { hex64 } from '../core/u64.ts';
import type { EngineCaps } from '../emu/engine.ts';
import { DEFAULT_ENGINE, ENGINE_NAMES, type EngineName } from '../emu/engine-names.ts';
import { openEngine, prepareEngines } from '../emu/engines.ts';
import { type Disagreement, type KnownFault, selfTest } from '../emu/selftest.ts';
import { table } from '../report/table.ts';
import { packageVersion } from './version.ts';

/** The document of `doctor --reporter json`. */
export interface Diagnosis {
  readonly schema: 'bpf-oracle/doctor@1';
  readonly healthy: boolean;
  readonly versions: { readonly 'bpf-oracle': string; readonly node: string; readonly koffi: string };
  /** e.g. `linux x64` */
  readonly platform: string;
  readonly engines: readonly (EngineFindings | MissingEngine)[];
}

/** An engine that cannot be had here. */
export interface MissingEngine {
  readonly name: EngineName;
  /** Why, and what to do. */
  readonly problem: string;
}

export interface EngineFindings {
  readonly name: EngineName;
  readonly problem: null;
  readonly version: string;
  readonly caps: EngineCaps;
  readonly selfTest: {
    readonly forms: number;
    /** Runs compared with what a CPU did. */
    readonly runs: number;
    /** In words; empty when the engine did all as the CPU. */
    readonly disagreements: readonly string[];
  };
  readonly knownFaults: readonly KnownFault[];
}

/**
 * Opens each engine and tests it. A missing or broken engine is a finding, not an exception; only the default one
 * must be there.
 */
export async function diagnose(): Promise<Diagnosis> {
  const engines = await Promise.all(ENGINE_NAMES.map(examineEngine));
  const isHealthy = ({ name, ...found }: EngineFindings | MissingEngine): boolean =>
    found.problem === null ? found.selfTest.disagreements.length === 0 : name !== DEFAULT_ENGINE;
  return {
    schema: 'bpf-oracle/doctor@1',
    healthy: engines.every(isHealthy),
    versions: { 'bpf-oracle': packageVersion(), node: process.versions.node, koffi: koffi.version },
    platform: `${process.platform} ${process.arch}`,
    engines,
  };
}

async function examineEngine(name: EngineName): Promise<EngineFindings | MissingEngine> {
  try {
    await prepareEngines([name]);
    const engine = openEngine(name);
    try {
      const { forms, probes, states, disagreements, known } = selfTest(engine);
      const words = disagreements.map(disagreementText);
      const { version, caps } = engine;
      const result = { forms, runs: probes * states, disagreements: words };
      return { name, problem: null, version, caps, selfTest: result, knownFaults: known };
    } finally {
      engine.close();
    }
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    return { name, problem: error.message };
  }
}

function disagreementText({ probe, notation, state, what, want, got }: Disagreement): string {
  const shown = (value: Disagreement['want' | 'got']): string =>
    typeof value === 'bigint' ? hex64(value) : typeof value === 'string' ? value : value.kind;
  const before = state.map((word) => hex64(word)).join(' ');
  return `${probe} (${notation}): ${what} is ${shown(got)}, the CPU has ${shown(want)}; before: ${before}`;
}

/** As text, with a newline at its end. */
export function diagnosisText({ versions, platform, engines, healthy }: Diagnosis): string {
  const rows = [
    ['bpf-oracle', versions['bpf-oracle']],
    ['node', `${versions.node} (${platform})`],
    ['koffi', versions.koffi],
    ...engines.flatMap(engineRows),
    ['result', healthy ? 'ready' : 'not usable'],
  ];
  return `${table(rows).join('\n')}\n`;
}

/** Disagreements shown; the rest is counted. */
const SHOWN = 10;

function engineRows(engine: EngineFindings | MissingEngine): string[][] {
  if (engine.problem !== null) return [['engine', `${engine.name}: none: ${engine.problem}`]];
  const { name, version, caps, selfTest, knownFaults } = engine;
  const { forms, runs, disagreements } = selfTest;
  const more = disagreements.length - SHOWN;
  const truth = caps.isCpu ? 'another CPU' : 'a CPU';
  return [
    ['engine', `${name}: ${version}`],
    ['', capsText(caps)],
    ['self-test', `${forms} instruction forms, ${runs} runs, ${disagreements.length} differ from ${truth}`],
    ...disagreements.slice(0, SHOWN).map((text) => ['', text]),
    ...(more > 0 ? [['', `… and ${more} more`]] : []),
    ...knownFaults.map(({ what, covered }, i) => [i === 0 ? 'known faults' : '', `${what}: ${covered}`]),
  ];
}

function capsText({ preciseFaultRip, exactCmpxchg32, countsBlocks }: EngineCaps): string {
  const place = preciseFaultRip ? 'exact at once' : 'exact after a repeated run';
  const cmpxchg = exactCmpxchg32 ? 'as the CPU' : 'inexact';
  const end = countsBlocks ? 'by counting blocks' : 'by CPU time';
  return `place of a fault: ${place}; 32-bit cmpxchg: ${cmpxchg}; endless code stopped ${end}`;
}
