/** What `doctor` finds: versions, the engine and what it can be trusted with, its self-test. */
import koffi from 'koffi';
import { OracleError } from '../core/errors.ts';
import { hex64 } from '../core/u64.ts';
import type { EngineCaps } from '../emu/engine.ts';
import { type Disagreement, type KnownFault, selfTest } from '../emu/selftest.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { table } from '../report/table.ts';
import { packageVersion } from './version.ts';

/** The document of `doctor --reporter json`. */
export interface Diagnosis {
  readonly schema: 'bpf-oracle/doctor@1';
  readonly healthy: boolean;
  readonly versions: { readonly 'bpf-oracle': string; readonly node: string; readonly koffi: string };
  /** e.g. `linux x64` */
  readonly platform: string;
  /** null: none could be opened. */
  readonly engine: EngineFindings | null;
  /** Why there is no engine; null if there is one. */
  readonly problem: string | null;
}

export interface EngineFindings {
  readonly name: string;
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

/** Opens the engine and tests it. A missing or broken engine is a finding, not an exception. */
export function diagnose(): Diagnosis {
  const base = {
    schema: 'bpf-oracle/doctor@1',
    versions: { 'bpf-oracle': packageVersion(), node: process.versions.node, koffi: koffi.version },
    platform: `${process.platform} ${process.arch}`,
  } as const;
  try {
    const engine = examineEngine();
    return { ...base, healthy: engine.selfTest.disagreements.length === 0, engine, problem: null };
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    return { ...base, healthy: false, engine: null, problem: error.message };
  }
}

function examineEngine(): EngineFindings {
  const engine = openUnicorn();
  try {
    const { forms, probes, states, disagreements, known } = selfTest(engine);
    const { name, version, caps } = engine;
    const words = disagreements.map(disagreementText);
    return {
      name,
      version,
      caps,
      selfTest: { forms, runs: probes * states, disagreements: words },
      knownFaults: known,
    };
  } finally {
    engine.close();
  }
}

function disagreementText({ probe, notation, state, what, want, got }: Disagreement): string {
  const shown = (value: Disagreement['want' | 'got']): string =>
    typeof value === 'bigint' ? hex64(value) : typeof value === 'string' ? value : value.kind;
  const before = state.map((word) => hex64(word)).join(' ');
  return `${probe} (${notation}): ${what} is ${shown(got)}, the CPU has ${shown(want)}; before: ${before}`;
}

/** As text, with a newline at its end. */
export function diagnosisText({ versions, platform, engine, problem, healthy }: Diagnosis): string {
  const rows = [
    ['bpf-oracle', versions['bpf-oracle']],
    ['node', `${versions.node} (${platform})`],
    ['koffi', versions.koffi],
    ...(engine === null ? [['engine', `none: ${problem}`]] : engineRows(engine)),
    ['result', healthy ? 'ready' : 'not usable'],
  ];
  return `${table(rows).join('\n')}\n`;
}

/** Disagreements shown; the rest is counted. */
const SHOWN = 10;

function engineRows({ name, version, caps, selfTest, knownFaults }: EngineFindings): string[][] {
  const { forms, runs, disagreements } = selfTest;
  const precise = caps.preciseFaultRip ? 'exact at once' : 'exact after a repeated run';
  const more = disagreements.length - SHOWN;
  return [
    ['engine', `${name}: ${version}`],
    ['', `place of a fault: ${precise}; 32-bit cmpxchg: ${caps.exactCmpxchg32 ? 'as the CPU' : 'inexact'}`],
    ['self-test', `${forms} instruction forms, ${runs} runs, ${disagreements.length} differ from the CPU`],
    ...disagreements.slice(0, SHOWN).map((text) => ['', text]),
    ...(more > 0 ? [['', `… and ${more} more`]] : []),
    ...knownFaults.map(({ what, covered }, i) => [i === 0 ? 'known faults' : '', `${what}: ${covered}`]),
  ];
}
