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

export interface Expected {
  /** The results, with the reason beside each divergence that was expected. */
  readonly results: readonly CaseResult[];
  readonly stale: readonly StaleEntry[];
}

/** Marks the divergences a list expects. */
export function expectFailures(results: readonly CaseResult[], list: readonly ExpectedFailure[]): Expected {
  const reasons = new Map<CaseResult, string>();
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

function casesNamed(results: readonly CaseResult[], name: string): CaseResult[] {
  const exact = results.filter((result) => result.name === name);
  return exact.length > 0 ? exact : results.filter((result) => result.name.endsWith(`/${name}`));
}

/** A case may be judged twice, then both must diverge. */
function whyStale(named: readonly CaseResult[]): StaleEntry['why'] | undefined {
  if (new Set(named.map(({ name }) => name)).size > 1) return 'ambiguous';
  if (named.length === 0) return 'absent';
  for (const { verdict } of named) if (verdict !== 'diverge') return verdict;
  return undefined;
}
