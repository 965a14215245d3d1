/** How many of many cases say nothing of calls: plain numbers, which add up. */
import type { CaseResult } from './case.ts';
import type { Vacuity } from './verdict.ts';

export interface VacuityCounts {
  /** Cases in which no call is reached. */
  readonly noCall: number;
  /** Cases with calls whose calls were taken out, one at a time. */
  readonly sampled: number;
  /** Of those: cases in which no call is missed. */
  readonly callWithoutEffect: number;
  /** Calls taken out, and those among them that nobody missed. */
  readonly calls: number;
  readonly callsWithoutEffect: number;
}

export const NO_VACUITY: VacuityCounts = {
  noCall: 0,
  sampled: 0,
  callWithoutEffect: 0,
  calls: 0,
  callsWithoutEffect: 0,
};

/** Whether the case says nothing of calls. */
export const isVacuous = ({ reached, withoutEffect }: Vacuity): boolean =>
  reached.length === withoutEffect.length;

/** The counts of one case, of which it is known whether it reaches a call. */
export function countVacuity(reachesCall: boolean, vacuity: Vacuity | undefined): VacuityCounts {
  if (!reachesCall) return { ...NO_VACUITY, noCall: 1 };
  if (vacuity === undefined || vacuity.untried === vacuity.reached.length) return NO_VACUITY;
  return {
    noCall: 0,
    sampled: 1,
    callWithoutEffect: isVacuous(vacuity) ? 1 : 0,
    calls: vacuity.reached.length - vacuity.untried,
    callsWithoutEffect: vacuity.withoutEffect.length,
  };
}

/** The counts of all cases that agree and whose program has calls; null if there is none. */
export function vacuityOfAll(results: readonly Pick<CaseResult, 'vacuity'>[]): VacuityCounts | null {
  const known = results.flatMap(({ vacuity }) =>
    vacuity === undefined || vacuity.calls === 0 ? [] : [vacuity],
  );
  if (known.length === 0) return null;
  return known.map((v) => countVacuity(v.reached.length > 0, v)).reduce(addVacuity, NO_VACUITY);
}

export const addVacuity = (a: VacuityCounts, b: VacuityCounts): VacuityCounts => ({
  noCall: a.noCall + b.noCall,
  sampled: a.sampled + b.sampled,
  callWithoutEffect: a.callWithoutEffect + b.callWithoutEffect,
  calls: a.calls + b.calls,
  callsWithoutEffect: a.callsWithoutEffect + b.callsWithoutEffect,
});
