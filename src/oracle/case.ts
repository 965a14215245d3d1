/** A case, one program with all that its run depends on, and what comes of judging it. */
import type { Program } from '../bpf/program.ts';
import type { Env } from '../core/env.ts';
import type { Execution } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import type { U64 } from '../core/u64.ts';
import type { Culprit } from './locate.ts';
import { asCalled } from './native/entry.ts';
import type { Divergence, Reason, Vacuity } from './verdict.ts';

export interface Case {
  /** Shown in reports, e.g. `fnv.v4.O2.o:entry`. */
  readonly name: string;
  readonly program: Program;
  readonly env: Env;
  /** r0 the input states. */
  readonly expected?: U64;
}

/** The case as the judged JIT has it: the reference follows its documented choices, and finds what its trampoline has put. */
export function asChosen(subject: Case, image: Image | null): Case {
  const called = asCalled(subject, image);
  const choices = image?.choices;
  return choices === undefined ? called : { ...called, env: { ...called.env, choices } };
}

export const VERDICT_NAMES = ['agree', 'diverge', 'inconclusive', 'skipped'] as const;
export type VerdictName = (typeof VERDICT_NAMES)[number];

/** One judged (or skipped) case: everything a report shows of it. */
export interface CaseResult {
  readonly name: string;
  /** Path of the file it was read from; absent for a case made here. */
  readonly file?: string;
  readonly verdict: VerdictName;
  /** Why it is inconclusive or skipped; null otherwise. */
  readonly reason: Reason | null;
  /** The first ones, in the order of comparison; empty unless the verdict is `diverge`. */
  readonly divergences: readonly Divergence[];
  /** All of them, kept or not. */
  readonly divergenceCount: number;
  /** Where it went wrong, if known. */
  readonly culprit: Culprit | null;
  /** The r0 the input states. */
  readonly expected: U64 | null;
  /** null where there was nothing to run. */
  readonly program: Program | null;
  readonly image: Image | null;
  /** The reference's run; null if it was not run. */
  readonly want: Execution | null;
  /** The native run; null if it was not run. */
  readonly got: Execution | null;
  /** Why it is known to diverge (expected-failures.ts); only on a divergence that a list expects. */
  readonly expectedFailure?: string;
  /** What taking its calls out came to; only where that was asked for and both sides agree. */
  readonly vacuity?: Vacuity;
  /** The engine `got` is of; only where there were several. */
  readonly engine?: string;
}

/** A case that is not run, and why. */
export function skipped(
  name: string,
  reason: Reason,
  known: Partial<Pick<CaseResult, 'program' | 'image' | 'want' | 'expected'>> = {},
): CaseResult {
  return {
    name,
    verdict: 'skipped',
    reason,
    divergences: [],
    divergenceCount: 0,
    culprit: null,
    expected: null,
    program: null,
    image: null,
    want: null,
    got: null,
    ...known,
  };
}

/** Whether what is wrong with it was told as an error when it was met. */
export const isTold = (reason: Reason['kind'] | undefined): boolean =>
  reason === 'bad-input' || reason === 'failed' || reason === 'contract';

/** Counts of a run: `ran` is agree + diverge + expectedFailures + inconclusive. */
export interface Summary {
  readonly ran: number;
  readonly agree: number;
  /** Without those that were expected. */
  readonly diverge: number;
  /** Divergences that a list expects; absent if there are none. */
  readonly expectedFailures?: number;
  readonly inconclusive: number;
  readonly skipped: number;
}

export function summarise(results: readonly Pick<CaseResult, 'verdict' | 'expectedFailure'>[]): Summary {
  const count = (name: VerdictName): number => results.filter((r) => r.verdict === name).length;
  const skippedCount = count('skipped');
  const expected = results.filter((r) => r.expectedFailure !== undefined).length;
  return {
    ran: results.length - skippedCount,
    agree: count('agree'),
    diverge: count('diverge') - expected,
    ...(expected === 0 ? {} : { expectedFailures: expected }),
    inconclusive: count('inconclusive'),
    skipped: skippedCount,
  };
}
