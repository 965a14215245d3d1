/** What a report of `compare` is made of: several machines on the same cases. */
import { bucketOf } from '../fuzz/bucket.ts';
import type { CaseResult, VerdictName } from '../oracle/case.ts';
import { type Disagreement, disagreementsOf, groupsOf, type Voter } from '../oracle/majority.ts';

/** Who stands alone, on what: all cases of one class together. */
export interface OddRow extends Pick<Disagreement, 'kind' | 'parties'> {
  /** The bucket of the divergence (fuzz/bucket.ts): the form of the instruction, or what differs. */
  readonly bucket: string;
  readonly cases: number;
  /** Name of the first one. */
  readonly first: string;
}

export interface VoterCounts extends Voter {
  readonly counts: Readonly<Record<VerdictName, number>>;
}

export interface CompareReport {
  readonly cases: number;
  /** Cases on which at least two machines, the interpreter included, came to an end. */
  readonly compared: number;
  readonly voters: readonly VoterCounts[];
  /** The commonest first. */
  readonly odd: readonly OddRow[];
}

/** Adds up cases as they are judged, and keeps none of them. */
export class Comparison {
  readonly #voters: readonly (Voter & { readonly counts: Record<VerdictName, number> })[];
  readonly #odd = new Map<string, { -readonly [key in keyof OddRow]: OddRow[key] }>();
  #cases = 0;
  #compared = 0;

  constructor(voters: readonly Voter[]) {
    this.#voters = voters.map((voter) => ({
      ...voter,
      counts: { agree: 0, diverge: 0, inconclusive: 0, skipped: 0 },
    }));
  }

  /** `results`: of one case, by voter. */
  add(name: string, results: readonly CaseResult[]): void {
    this.#cases++;
    results.forEach(({ verdict }, voter) => {
      const counts = this.#voters[voter]?.counts;
      if (counts !== undefined) counts[verdict]++;
    });
    const groups = groupsOf(results);
    if (groups.flat().length > 1) this.#compared++;
    for (const { kind, parties, voter } of disagreementsOf(groups, this.#voters)) {
      const result = results[voter];
      if (result === undefined) continue;
      const bucket = bucketOf(result);
      const key = [kind, ...parties, bucket].join('\0');
      const row = this.#odd.get(key) ?? { kind, parties, bucket, cases: 0, first: name };
      row.cases++;
      this.#odd.set(key, row);
    }
  }

  report(): CompareReport {
    const odd = [...this.#odd.values()].sort((a, b) => b.cases - a.cases);
    return { cases: this.#cases, compared: this.#compared, voters: this.#voters, odd };
  }
}
