/** A list of cases that are known to diverge, held against what the cases came to: a list that no longer fits is stale. */
import type { CaseResult, VerdictName } from './case.ts';

/** One entry of a list. */
export interface ExpectedFailure {
  /** The case's name, or the end of it from a `/` on: `add.data` for `tests/add.data`. */
  readonly name: string;
  /** Why it diverges. */
  readonly reason: string;
  /** Line of the list, from 1 on. */
  readonly line: number;
}

/** An entry that does not hold. */
export interface StaleEntry extends ExpectedFailure {
  /** What its case came to; `absent`: no such case ran, `ambiguous`: it names several. */
  readonly why: Exclude<VerdictName, 'diverge'> | 'absent' | 'ambiguous';
}

/** What a report says of a list. */
export interface ExpectedList {
  /** Path of the list. */
  readonly file: string;
  /** Entries of the list. */
  readonly listed: number;
  /** Those that do not hold: each fails the run. */
  readonly stale: readonly StaleEntry[];
}

export interface Expected<Result = CaseResult> {
  /** The results, with the reason beside each divergence that was expected. */
  readonly results: readonly Result[];
  readonly stale: readonly StaleEntry[];
}

/** What it takes to hold a list against a result. */
type Judged = Pick<CaseResult, 'name' | 'verdict' | 'expectedFailure'>;

/** Marks the divergences a list expects. */
export function expectFailures<Result extends Judged>(
  results: readonly Result[],
  list: readonly ExpectedFailure[],
): Expected<Result> {
  const reasons = new Map<Result, string>();
  const stale = list.flatMap((entry): StaleEntry[] => {
    const named = casesNamed(results, entry.name);
    const why = whyStale(named);
    if (why !== undefined) return [{ ...entry, why }];
    for (const result of named) reasons.set(result, entry.reason);
    return [];
  });
  const marked = results.map((result) => {
    const reason = reasons.get(result);
    return reason === undefined ? result : { ...result, expectedFailure: reason };
  });
  return { results: marked, stale };
}

function casesNamed<Result extends Judged>(results: readonly Result[], name: string): Result[] {
  const exact = results.filter((result) => result.name === name);
  return exact.length > 0 ? exact : results.filter((result) => result.name.endsWith(`/${name}`));
}

/** A case may be judged twice, then both must diverge. */
function whyStale(named: readonly Judged[]): StaleEntry['why'] | undefined {
  if (new Set(named.map(({ name }) => name)).size > 1) return 'ambiguous';
  if (named.length === 0) return 'absent';
  for (const { verdict } of named) if (verdict !== 'diverge') return verdict;
  return undefined;
}
