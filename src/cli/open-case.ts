/** A saved case or any program file, with all that its run depends on: what explain and export share. */

import type { LoadedFile } from '../bpf/load.ts';
import type { Loaded } from '../bpf/loaded.ts';
import { nativeProtoText } from '../bpf/native-proto.ts';
import type { CheckOptions } from '../checker.ts';
import { switchOptions } from '../core/jit-switches.ts';
import type { LaneName } from '../core/lane-names.ts';
import { INSN_LIMIT } from '../fuzz/judge.ts';
import type { Mix } from '../fuzz/lanes.ts';
import { generatorFingerprint, mixedCaseAt } from '../fuzz/mix.ts';
import { type CasePath, formatPath, parsePath } from '../fuzz/path.ts';
import { originOf } from '../fuzz/running-case.ts';
import type { CaseSource } from '../report/explain/explanation.ts';
import { checkOptionsFor } from './case-options.ts';
import { laneOf, setupOf } from './case-setup.ts';
import { shellWords } from './command-words.ts';
import { laneMixOf } from './lane-mix.ts';
import { loadFile } from './load-file.ts';
import { isCommand } from './open-jits.ts';
import type { InputOptions, ReadOptions, Setup } from './options.ts';

export type CaseOptions = ReadOptions & InputOptions & Setup;

export interface OpenedCase {
  readonly subject: Loaded;
  readonly options: CheckOptions;
  /** JIT and engine: of a saved case, the file decides about the JIT. */
  readonly setup: Setup;
  readonly source: CaseSource;
  /** `# oracle:` lines of the file, by key. */
  readonly oracle: ReadonlyMap<string, readonly string[]>;
  /** Why it is not to be run. */
  readonly skip?: string;
}

/** Throws `input` errors for files that cannot be read or are no case. */
export function openCase(path: string, options: CaseOptions): OpenedCase {
  const file = loadFile(path, options);
  const oracle = file.oracle ?? new Map<string, readonly string[]>();
  const setup = setupOf(oracle, path, options);
  const named = namedCase(oracle, path);
  const opened = { setup, source: sourceOf(path, options, setup, { named, oracle }), oracle };
  if (file.skip !== undefined && named !== undefined)
    return { ...opened, ...remade(oracle, path, laneMixOf(setup, laneOf(oracle, path)).mix) };
  const skip = file.skip ?? expectedError(file);
  return {
    ...opened,
    subject: file,
    options: oracle.has('models') ? withoutModels(path, options) : checkOptionsFor(path, options),
    ...(skip === undefined ? {} : { skip }),
  };
}

/** Saved cases run with the default models. */
function withoutModels(path: string, options: CaseOptions): CheckOptions {
  const { models: _, ...rest } = checkOptionsFor(path, options);
  return rest;
}

const expectedError = ({ expectedError: error }: LoadedFile): string | undefined =>
  error === undefined ? undefined : `it states an error, not a result: "${error}"`;

interface NamedCase {
  readonly seed: number;
  readonly path: CasePath;
}

/** Seed and path that a file names; undefined if it names none that this version's generator could make. */
function namedCase(oracle: ReadonlyMap<string, readonly string[]>, path: string): NamedCase | undefined {
  const last = (key: string): string | undefined => oracle.get(key)?.at(-1);
  const [seed, choices] = [last('seed'), last('path')];
  if (seed === undefined || choices === undefined || !/^\d+$/.test(seed)) return undefined;
  return { seed: Number(seed), path: parsePath(choices, path) };
}

/** A file that names its case by seed and path alone. */
function remade(
  oracle: ReadonlyMap<string, readonly string[]>,
  path: string,
  mix: Mix,
): Pick<OpenedCase, 'subject' | 'options'> {
  const origin = originOf(oracle, path, mix);
  if (origin === undefined) throw new RangeError(`no seed and path in ${path}`);
  const { program, input, jit } = mixedCaseAt(origin.seed, origin.path, mix);
  return {
    subject: { name: path, program, memory: input.memory },
    options: { insnLimit: INSN_LIMIT, ...(jit === undefined ? {} : { jit }) },
  };
}

function sourceOf(
  path: string,
  options: CaseOptions,
  setup: Setup,
  {
    named,
    oracle,
  }: { readonly named: NamedCase | undefined; readonly oracle: ReadonlyMap<string, readonly string[]> },
): CaseSource {
  const replay =
    oracle.has('models') || named !== undefined
      ? ['replay', path, ...replayWords(options)]
      : ['check', path, ...optionWords(options)];
  const generator = oracle.get('generator')?.at(-1);
  const lane = laneOf(oracle, path);
  const isRemakeable =
    named !== undefined &&
    (generator === undefined || generator === generatorFingerprint(laneMixOf(setup, lane).mix));
  return {
    replay: shellWords(['bpf-oracle', ...replay]),
    reshrink: isRemakeable ? shellWords(reshrinkWords(named, setup, lane)) : null,
    origin:
      named === undefined
        ? null
        : { seed: named.seed, path: formatPath(named.path), shrinks: named.path.choices.length },
  };
}

/** Shrinks the case anew, from the one that was drawn. */
const reshrinkWords = ({ seed, path }: NamedCase, setup: Setup, lane: LaneName | undefined): string[] => [
  ...['bpf-oracle', 'fuzz', '--seed', `${seed}`, '--path', `${path.index}`],
  ...laneWords(lane),
  ...setupWords(setup),
];

export const laneWords = (lane: LaneName | undefined): string[] =>
  lane === undefined ? [] : ['--lane', lane];

export function setupWords(setup: Setup): string[] {
  const { jit, convention, engine } = setup;
  return [
    ...(jit === 'builtin' ? [] : ['--jit', jit]),
    ...(convention === undefined || convention === 'linux' ? [] : ['--convention', convention]),
    ...switchOptions(setup),
    ...engineWords(engine),
  ];
}

const engineWords = (engine: Setup['engine']): string[] =>
  engine === undefined ? [] : ['--engine', engine.join(',')];

/** A saved case's file says the rest. */
const replayWords = ({ jit, engine }: Setup): string[] => [
  ...(isCommand(jit) ? ['--jit', jit] : []),
  ...engineWords(engine),
];

/** The options that a run depends on, as they were given. */
function optionWords(options: CaseOptions): string[] {
  const { section, function: name, format, proto, native, mem, insnLimit } = options;
  const given = (flag: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [flag, `${value}`];
  return [
    ...given('--section', section),
    ...given('--function', name),
    ...given('--format', format),
    ...[...(proto ?? [])].flatMap(([callee, args]) => ['--proto', `${callee}=${args}`]),
    ...given('--native', native === undefined ? undefined : nativeProtoText(native)),
    ...given('--mem', mem === undefined ? undefined : Buffer.from(mem).toString('hex')),
    ...given('--insn-limit', insnLimit),
    ...setupWords(options),
  ];
}
