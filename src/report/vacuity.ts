/** Words for cases that say nothing of calls. */
import type { CaseResult } from '../oracle/case.ts';
import { isVacuous, type VacuityCounts, vacuityOfAll } from '../oracle/vacuity-count.ts';

/** What stands under the line of a case that agrees but says nothing of the calls it has; else nothing. */
export function vacuityLines({ vacuity }: CaseResult): string[] {
  if (vacuity === undefined || vacuity.calls === 0 || !isVacuous(vacuity)) return [];
  const { calls, reached } = vacuity;
  if (reached.length === 0) return [`vacuous: reaches none of its ${counted(calls, 'call')}`];
  const where = `${reached.length === 1 ? 'insn' : 'insns'} ${reached.join(', ')}`;
  return [`vacuous: nothing misses ${reached.length === 1 ? 'its call' : 'any of its calls'}: ${where}`];
}

/** A line on the calls of all programs; nothing where none has any. */
export function vacuitySummary(results: readonly CaseResult[]): string[] {
  const counts = vacuityOfAll(results);
  return counts === null ? [] : [vacuousText(counts, counts.noCall + counts.sampled)];
}

/** e.g. `vacuous: no call reached in 12 of 2000 cases; none of its calls missed in 1 of 31 tried (145 of 190 calls are)` */
export function vacuousText(counts: VacuityCounts, cases: number): string {
  const { noCall, sampled, callWithoutEffect, calls, callsWithoutEffect } = counts;
  const reached = `vacuous: no call reached in ${noCall} of ${counted(cases, 'case')}`;
  if (sampled === 0) return reached;
  const missed = calls - callsWithoutEffect;
  return (
    `${reached}; no call missed when taken out in ${callWithoutEffect} of ${sampled} tried ` +
    `(${missed} of ${counted(calls, 'call')} ${missed === 1 ? 'is' : 'are'})`
  );
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
