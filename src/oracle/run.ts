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
import type { Execution, Expected } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { masksOf } from './arg-masks.ts';
import { asChosen, type Case, type CaseResult, skipped } from './case.ts';
import { CasePolicy } from './case-policy.ts';
import { compare, inconclusiveReason } from './compare.ts';
import { exposedConstants } from './exposed.ts';
import { locate } from './locate.ts';
import { withNative } from './native/expect.ts';
import { type Refer, refer, referAgain } from './placement.ts';
import type { Policy } from './policy.ts';
import type { Divergence, Reason, Verdict } from './verdict.ts';
import { disagreements, firstConclusive } from './witnesses.ts';

export interface ReferenceRequest {
  readonly placement?: FramePlacement | undefined;
  /** Events to keep. */
  readonly traceLimit: number;
}

export interface NativeRequest {
  /** Basic blocks the code may run. */
  readonly fuel: number;
  /** Events to keep. */
  readonly traceLimit: number;
  /** By number of the helper or kfunc call: bit i says that argument i + 1 is defined. */
  readonly argMasks: ArrayLike<number>;
  /** What the reference did, if it came to its exit. */
  readonly expected?: Expected | undefined;
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
  const run = referenceOf(machines);
  const compiled = stage(subjects, (subject) => compileCase(subject, machines));
  const referred = stage(compiled, (each) => ('verdict' in each ? each : referCase(each, run)));
  if (referred.every((each) => 'verdict' in each)) return referred;
  const engines = enginesOf(machines).map((engine) =>
    stage(referred, (each) => ('verdict' in each ? null : runNatively(each, engine))),
  );
  return referred.map((each, index) => {
    if ('verdict' in each) return each;
    const runs = engines.map((ofEngine) => judgeTwice(ofEngine[index] as Run, run));
    return judge(runs as [JudgedRun, ...JudgedRun[]]);
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
  readonly argMasks: ArrayLike<number>;
}

function referCase({ subject, image }: Compiled, run: Refer): Referred | CaseResult {
  const { name, program, env, expected = null } = subject;
  const { common, first } = refer(image, program, env, run);
  const want = common === null ? null : withNative(common, subject);
  if (want === null) return inconclusive(name, { kind: 'placement' }, { program, image, expected });
  const policy = new CasePolicy(subject, image, fuelFor(want.insns ?? subject.env.insnLimit));
  const reason = inconclusiveReason(want, policy);
  const choice = want.choicesMet?.[0];
  // What is stated is stated of RFC 9669.
  if (choice !== undefined && expected !== null)
    return skipped(name, { kind: 'choice', choice }, { program, image, want, expected });
  if (reason === undefined) return { subject, image, want, policy, argMasks: masksOf(first.trace) };
  const known = { program, image, want, expected };
  return reason.kind === 'unsupported' ? skipped(name, reason, known) : inconclusive(name, reason, known);
}

const enginesOf = ({ native, engines }: Machines): readonly NamedEngine[] =>
  engines === undefined ? [{ name: 'native', native }] : engines();

/** One run on one engine. */
interface Run {
  readonly referred: Referred;
  readonly engine: NamedEngine;
  readonly got: Execution;
}

/** `isAlone`: the guest is not given what the reference expects. */
function runNatively(referred: Referred, engine: NamedEngine, isAlone = false): Run {
  const { subject, image, policy, argMasks, want } = referred;
  const request: NativeRequest = {
    fuel: policy.fuel,
    traceLimit: TRACE_LIMIT,
    argMasks,
    expected: isAlone || want.outcome.kind !== 'exit' ? undefined : want,
  };
  return { referred, engine, got: engine.native(image, subject.program, subject.env, request) };
}

/** A run, and what came of comparing it. */
interface JudgedRun {
  /** The engine's name. */
  readonly engine: string;
  readonly referred: Referred;
  readonly want: Execution;
  readonly got: Execution;
  readonly verdict: Verdict;
}

/** Of an image that does not say where its frames lie, a divergence must hold wherever they do. */
function judgeRun({ referred, engine: { name: engine }, got }: Run, run: Refer): JudgedRun {
  const { subject, image, want, policy } = referred;
  const { program, env, expected } = subject;
  const verdict = compare(want, got, policy, expected);
  if (verdict.kind !== 'diverge' || image.frames !== undefined)
    return { engine, referred, want, got, verdict };
  const common = referAgain(want, { image, program, env }, run);
  if (common === null) {
    const reason = { kind: 'placement' } as const;
    return { engine, referred, want, got, verdict: { kind: 'inconclusive', reason } };
  }
  return { engine, referred, want: common, got, verdict: compare(common, got, policy, expected) };
}

/** A run that was given what the reference expects cannot speak against it. */
function judgeTwice(first: Run, run: Refer): JudgedRun {
  const judged = judgeRun(first, run);
  if (judged.verdict.kind !== 'diverge' || first.got.isNoted !== true) return judged;
  return judgeRun(runNatively(first.referred, first.engine, true), run);
}

/** The case by its run on the first engine, with what the others say against that. */
function judge(runs: readonly [JudgedRun, ...JudgedRun[]]): CaseResult {
  if (runs.length === 1) return resultOf(runs[0], []);
  const counts = firstConclusive(runs);
  const odd = runs.filter((each) => each !== counts).flatMap((each) => disagreements(counts, each));
  return { ...resultOf(counts, odd), engine: counts.engine };
}

const NONE: readonly Divergence[] = [];

function resultOf(run: JudgedRun, odd: readonly Divergence[]): CaseResult {
  const { referred, want, got, verdict } = run;
  const { subject, image } = referred;
  const { name, program, expected } = subject;
  const constants = exposedConstants(program, image);
  const found =
    constants.length === 0 ? NONE : constants.map(({ culprit: _, ...divergence }): Divergence => divergence);
  const own = verdict.kind === 'diverge' ? verdict.divergences : NONE;
  const divergences = odd.length + found.length === 0 ? own : [...own, ...odd, ...found];
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
    reference(program, env, { traceLimit: TRACE_LIMIT, placement });

function tryCompile(program: Program, env: Env, machines: Machines): Image | OracleError {
  try {
    return machines.compile(program, env);
  } catch (error) {
    if (error instanceof OracleError && (error.kind === 'input' || error.kind === 'jit')) return error;
    throw error;
  }
}
