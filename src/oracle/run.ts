/**
 * Runs one case on the machines it is handed and judges it. Imports no machine: the reference, the JIT and
 * the engine are the caller's, so anyone's can be judged.
 *
 *   compile ─► image ─► frame placement ─► reference ─► fuel, argument masks ─► native ─► compare
 *                                                                             └► witnesses ─┘
 */
import type { Program } from '../bpf/program.ts';
import type { Env, FramePlacement } from '../core/env.ts';
import { OracleError } from '../core/errors.ts';
import type { Execution, Trace } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import {
  CALLEE_BASE,
  CODE_BASE,
  CTX_BASE,
  RECORDER_BASE,
  RECORDER_SIZE,
  STACK_BASE,
  STACK_SIZE,
} from '../core/layout.ts';
import { recordMasks } from './arg-masks.ts';
import { asChosen, type Case, type CaseResult, skipped } from './case.ts';
import { compare, inconclusiveReason } from './compare.ts';
import { exposedConstants } from './exposed.ts';
import { locate } from './locate.ts';
import { withNative } from './native/expect.ts';
import { type Refer, refer, referAgain } from './placement.ts';
import { MAX_DIVERGENCES, type MappedRange, type Policy } from './policy.ts';
import type { Divergence, Reason, Verdict } from './verdict.ts';
import { disagreements, firstConclusive } from './witnesses.ts';

export interface ReferenceRequest {
  readonly placement?: FramePlacement;
  /** Events to keep. */
  readonly traceLimit: number;
}

export interface NativeRequest {
  /** Basic blocks the code may run. */
  readonly fuel: number;
  /** Events to keep. */
  readonly traceLimit: number;
  /** By number of the helper or kfunc call: bit i says that argument i + 1 is defined. */
  readonly argMasks: Uint16Array;
  /** The calls of the reference, if it came to its exit: a run may count on them. */
  readonly expected?: Trace;
}

type RunNatively = (image: Image, program: Program, env: Env, request: NativeRequest) => Execution;

/** An engine with its name. */
export interface NamedEngine {
  readonly name: string;
  readonly native: RunNatively;
}

/** What runs a case. */
export interface Machines {
  /** An `input` error means that the JIT declines the program, a `jit` error that it failed on it. */
  readonly compile: (program: Program, env: Env) => Image;
  readonly reference: (program: Program, env: Env, request: ReferenceRequest) => Execution;
  readonly native: RunNatively;
  /**
   * Several engines to run each image on, in the place of `native`; the first one counts (witnesses.ts). Asked
   * when images are to run.
   */
  readonly engines?: () => readonly NamedEngine[];
}

/** Calls and returns kept of a run; later ones are counted. */
export const TRACE_LIMIT = 4096;

/**
 * Basic blocks granted for so many BPF instructions: more than any lowering needs, so that only code that does
 * not end uses them up.
 */
export const fuelFor = (insns: number): number => 16 * insns + 4096;

/** Judges a case. Throws only for broken machines (`engine` errors) and bugs. */
export function runCase(subject: Case, machines: Machines): CaseResult {
  return runCases([subject], machines)[0] as CaseResult;
}

/**
 * Judges cases, stage by stage: all are compiled, then all run on the reference, and so on, so that each
 * stage finds its code in the processor's caches (a quarter faster from 16 cases on). `before` is told which
 * case is next in any stage.
 */
export function runCases(
  subjects: readonly Case[],
  machines: Machines,
  before: (index: number) => void = () => undefined,
): CaseResult[] {
  const stage = <T, U>(items: readonly T[], work: (item: T) => U): U[] =>
    items.map((item, index) => {
      before(index);
      return work(item);
    });
  const compiled = stage(subjects, (subject) => compileCase(subject, machines));
  const referred = stage(compiled, (each) => ('verdict' in each ? each : referCase(each, machines)));
  if (referred.every((each) => 'verdict' in each)) return referred;
  const [first, ...witnesses] = enginesOf(machines).map((engine) =>
    stage(referred, (each) => ('verdict' in each ? each : runNatively(each, engine))),
  );
  return (first ?? []).map((each, index) => {
    if ('verdict' in each) return each;
    const others = witnesses.flatMap((runs) => {
      const run = runs[index];
      return run === undefined || 'verdict' in run ? [] : [run];
    });
    return judge([each, ...others], machines);
  });
}

interface Compiled {
  readonly subject: Case;
  readonly image: Image;
}

function compileCase(subject: Case, machines: Machines): Compiled | CaseResult {
  const { name, program, env, expected = null } = subject;
  const image = tryCompile(program, env, machines);
  if (!(image instanceof OracleError)) return { subject: asChosen(subject, image), image };
  const known = { program, expected };
  if (image.kind === 'jit') return inconclusive(name, { kind: 'jit', why: image.parts.why }, known);
  return skipped(name, { kind: 'refused', why: image.message }, known);
}

interface Referred extends Compiled {
  readonly want: Execution;
  readonly policy: Policy;
  readonly argMasks: Uint16Array;
}

function referCase({ subject, image }: Compiled, machines: Machines): Referred | CaseResult {
  const { name, program, env, expected = null } = subject;
  const recorder = recordMasks(program, env);
  const run = refer(image, program, { first: recorder.env, again: env }, referenceOf(machines));
  const want = run === null ? null : withNative(run, subject);
  if (want === null) return inconclusive(name, { kind: 'placement' }, { program, image, expected });
  const policy = policyFor(subject, image, want);
  const reason = inconclusiveReason(want, policy);
  const known = { program, image, want, expected };
  const [choice] = want.choicesMet ?? [];
  // What is stated is stated of RFC 9669.
  if (choice !== undefined && expected !== null) return skipped(name, { kind: 'choice', choice }, known);
  if (reason === undefined) return { subject, image, want, policy, argMasks: recorder.masks() };
  return reason.kind === 'unsupported' ? skipped(name, reason, known) : inconclusive(name, reason, known);
}

const enginesOf = ({ native, engines }: Machines): readonly NamedEngine[] =>
  engines === undefined ? [{ name: 'native', native }] : engines();

function runNatively(referred: Referred, { name, native }: NamedEngine): Run {
  const { subject, image, policy, argMasks, want } = referred;
  const { program, env } = subject;
  const request = { fuel: policy.fuel, traceLimit: TRACE_LIMIT, argMasks };
  const alone = (): Execution => native(image, program, env, request);
  const got =
    want.outcome.kind === 'exit'
      ? native(image, program, env, { ...request, expected: want.trace })
      : alone();
  const again = got.isNoted === true ? alone : undefined;
  return { subject, image, want, policy, argMasks, engine: name, got, alone: again };
}

interface Run extends Referred {
  readonly engine: string;
  readonly got: Execution;
  /** Runs it again, if the guest was given what the reference expects. */
  readonly alone: (() => Execution) | undefined;
}

/** Of an image that does not say where its frames lie, a divergence must hold wherever they do. */
function judgeRun(run: Run, machines: Machines): JudgedRun {
  const { subject, image, want, got, policy } = run;
  const { program, env, expected } = subject;
  const verdict = compare(want, got, policy, expected);
  if (verdict.kind !== 'diverge' || image.frames !== undefined) return { ...run, verdict };
  const common = referAgain(want, { image, program, env }, referenceOf(machines));
  if (common === null) return { ...run, verdict: { kind: 'inconclusive', reason: { kind: 'placement' } } };
  return { ...run, want: common, verdict: compare(common, got, policy, expected) };
}

/** A run that was given what the reference expects cannot speak against it. */
function judgeTwice(run: Run, machines: Machines): JudgedRun {
  const judged = judgeRun(run, machines);
  if (judged.verdict.kind !== 'diverge' || run.alone === undefined) return judged;
  return judgeRun({ ...run, got: run.alone() }, machines);
}

/** A run, and what came of comparing it. */
interface JudgedRun extends Run {
  readonly verdict: Verdict;
}

/** The case by its run on the first engine, with what the others say against that. */
function judge(runs: readonly [Run, ...Run[]], machines: Machines): CaseResult {
  const [first, ...others] = runs.map((run) => judgeTwice(run, machines));
  const all = [first as JudgedRun, ...others] as const;
  const counts = firstConclusive(all);
  const odd = all.filter((each) => each !== counts).flatMap((each) => disagreements(counts, each));
  const result = resultOf(counts, odd);
  return runs.length === 1 ? result : { ...result, engine: counts.engine };
}

function resultOf(run: JudgedRun, odd: readonly Divergence[]): CaseResult {
  const { subject, image, want, got, verdict } = run;
  const { name, program, expected } = subject;
  const constants = exposedConstants(program, image);
  const found = constants.map(({ culprit: _, ...divergence }) => divergence);
  const divergences = [...(verdict.kind === 'diverge' ? verdict.divergences : []), ...odd, ...found];
  const total = (verdict.kind === 'diverge' ? verdict.total : 0) + odd.length + found.length;
  return {
    name,
    verdict: total > 0 ? 'diverge' : verdict.kind,
    reason: verdict.kind === 'inconclusive' ? verdict.reason : null,
    divergences,
    divergenceCount: total,
    culprit: verdict.kind === 'diverge' ? locate(program, image, got) : (constants[0]?.culprit ?? null),
    expected: expected ?? null,
    program,
    image,
    want,
    got,
  };
}

function inconclusive(
  name: string,
  reason: Reason,
  known: Partial<Pick<CaseResult, 'program' | 'image' | 'want' | 'expected'>>,
): CaseResult {
  return { ...skipped(name, reason, known), verdict: 'inconclusive' };
}

const referenceOf =
  ({ reference }: Machines): Refer =>
  (program, env, placement) =>
    reference(program, env, { traceLimit: TRACE_LIMIT, ...(placement === undefined ? {} : { placement }) });

function tryCompile(program: Program, env: Env, machines: Machines): Image | OracleError {
  try {
    return machines.compile(program, env);
  } catch (error) {
    if (error instanceof OracleError && (error.kind === 'input' || error.kind === 'jit')) return error;
    throw error;
  }
}

function policyFor({ program, env }: Case, image: Image, want: Execution): Policy {
  return {
    insnLimit: env.insnLimit,
    fuel: fuelFor(want.insns ?? env.insnLimit),
    mapped: () => mappedRanges(program, env, image),
    isReadModifyWrite: (pc) => program.insns[pc]?.kind === 'atomic',
    maxDivergences: MAX_DIVERGENCES,
  };
}

/** Room for code, and for callees after it: engines may map more than the image fills. */
const CODE_ROOM = Number(CALLEE_BASE - CODE_BASE);

/** Memory of the native side, by the one address map (core/layout.ts). A data section has at least a page. */
function mappedRanges(program: Program, env: Env, image: Image): MappedRange[] {
  const data = program.data.map(({ address, bytes, writable }) => {
    return { address, size: Math.max(bytes.length, 1), writable };
  });
  return [
    ...(env.input.native === undefined
      ? [{ address: CTX_BASE, size: env.input.memory.length, writable: true }]
      : []),
    { address: STACK_BASE, size: STACK_SIZE, writable: true },
    // Within the room for callees, and some engines have it.
    { address: RECORDER_BASE, size: RECORDER_SIZE, writable: true },
    { address: image.base, size: CODE_ROOM, writable: false },
    { address: CALLEE_BASE, size: CODE_ROOM, writable: false },
    ...(image.memory === undefined
      ? []
      : [{ address: image.memory.address, size: image.memory.bytes.length, writable: true }]),
    ...data,
  ];
}
