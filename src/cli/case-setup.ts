/** How a saved case wants its program compiled and run, as `# oracle:` lines: `bmi2 off`, `endbr on`, `jit mutant:x`. Defaults are left out. */
import { CONVENTION_NAMES, type ConventionName, isConvention } from '../bpf/calling.ts';
import { badInput } from '../core/errors.ts';
import {
  BLINDING,
  JIT_SWITCHES,
  type JitSwitch,
  type JitSwitches,
  switchesOf,
  switchLines,
} from '../core/jit-switches.ts';
import { isLaneName, LANE_NAMES, type LaneName } from '../core/lane-names.ts';
import { DEFAULT_ENGINE, ENGINE_NAMES, type EngineName, isEngineName } from '../emu/engine-names.ts';
import { isJitName } from './jit-choice.ts';
import { isBundle, isCommand } from './open-jits.ts';
import type { Setup } from './options.ts';

type OracleLines = ReadonlyMap<string, readonly string[]>;

/** Stands for a command: a file that somebody sent must not be able to name one. */
const COMMAND = 'exec';

/** The lines that say what differs from the defaults. */
export function setupLines(setup: Setup): Map<string, string[]> {
  const { jit, convention, engine } = setup;
  const lines = new Map<string, string[]>();
  if (convention !== undefined) lines.set('convention', [convention]);
  for (const [key, value] of switchLines(setup)) lines.set(key, [value]);
  if (jit !== 'builtin') lines.set('jit', [isCommand(jit) ? COMMAND : jit]);
  const engines = engine?.join(',');
  if (engines !== undefined && engines !== DEFAULT_ENGINE) lines.set('engine', [engines]);
  return lines;
}

/**
 * What the lines say, else what the command line does; of engines, the other way round. Throws an `input` error;
 * `where`: the file.
 */
export function setupOf(oracle: OracleLines, where: string, otherwise: Setup): Setup {
  const switches = switchesIn(oracle, where);
  const convention = conventionOf(oracle, where) ?? otherwise.convention;
  const engine = otherwise.engine ?? enginesOf(oracle, where);
  return {
    jit: jitOf(oracle, where, otherwise.jit),
    ...switchesOf({ ...otherwise, ...switches }),
    ...(convention === undefined ? {} : { convention }),
    ...(engine === undefined ? {} : { engine }),
  };
}

/** How a file's lines switch the JIT. Throws an `input` error; `where`: the file. */
export function switchesIn(oracle: OracleLines, where: string): JitSwitches {
  const switches: Partial<Record<JitSwitch, boolean>> = {};
  for (const { name, key } of JIT_SWITCHES) {
    const value = oracle.get(key)?.at(-1);
    if (value === undefined) continue;
    if (value !== 'on' && value !== 'off')
      throw badInput('read case', where, `its ${key} is \`${value}\`; it can be on or off`);
    switches[name] = value === 'on';
  }
  const seed = oracle.get(BLINDING)?.at(-1);
  if (seed === undefined) return switches;
  if (!/^\d{1,10}$/.test(seed))
    throw badInput('read case', where, `its ${BLINDING} is \`${seed}\`; it can be a whole number`);
  return { ...switches, [BLINDING]: Number(seed) };
}

function enginesOf(oracle: OracleLines, where: string): readonly EngineName[] | undefined {
  const names = oracle.get('engine')?.at(-1)?.split(',');
  if (names === undefined || names.every(isEngineName)) return names;
  const why = `its engine is \`${names.join(',')}\`; it can be ${ENGINE_NAMES.join(', ')}, or several with commas`;
  throw badInput('read case', where, why);
}

function jitOf(oracle: OracleLines, where: string, otherwise: string): string {
  const jit = oracle.get('jit')?.at(-1);
  if (jit === COMMAND && isCommand(otherwise)) return otherwise;
  if (jit === undefined || (isJitName(jit) && !isCommand(jit) && !isBundle(jit))) return jit ?? otherwise;
  const why =
    jit === COMMAND
      ? 'it was found with a JIT behind a command; name it with --jit exec:COMMAND'
      : `its jit is \`${jit}\`; it can be builtin, dpdk, dpdk-interpreter, or mutant: and one of docs/POWER.md`;
  throw badInput('read case', where, why);
}

function conventionOf(oracle: OracleLines, where: string): ConventionName | undefined {
  const name = oracle.get('convention')?.at(-1);
  if (name === undefined || isConvention(name)) return name;
  const why = `its convention is \`${name}\`; it can be ${CONVENTION_NAMES.join(', ')}`;
  throw badInput('read case', where, why);
}

/** The lane a file says its case is of, if that was asked for. Throws an `input` error; `where`: the file. */
export function laneOf(oracle: OracleLines, where: string): LaneName | undefined {
  const name = oracle.get('lane')?.at(-1);
  if (name === undefined || isLaneName(name)) return name;
  throw badInput('read case', where, `its lane is \`${name}\`; it can be ${LANE_NAMES.join(', ')}`);
}

/** The choice alone, of options that hold more: fit to be sent to another process. */
export const choiceOf = ({ jit, convention, engine, reference, ...choice }: Setup): Setup => ({
  jit,
  ...switchesOf(choice),
  ...(convention === undefined ? {} : { convention }),
  ...(engine === undefined ? {} : { engine }),
  ...(reference === undefined ? {} : { reference }),
});
