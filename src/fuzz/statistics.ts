/** Numbers of a campaign: verdicts, how programs ended, how long they ran and how often they called. */
import { type CaseResult, type Summary, VERDICT_NAMES, type VerdictName } from '../oracle/case.ts';
import { NameTally, NumberTally } from './tallies.ts';

const OUTCOME_NAMES = ['exit', 'fault', 'budget', 'unsupported', 'not run'] as const;
export type OutcomeName = (typeof OUTCOME_NAMES)[number];

/** Counts that can be sent to another process. */
export interface StatisticsCounts {
  readonly verdicts: ReadonlyMap<VerdictName, number>;
  readonly outcomes: ReadonlyMap<OutcomeName, number>;
  /** How many cases ran so many instructions, made so many calls. */
  readonly insns: ReadonlyMap<number, number>;
  readonly calls: ReadonlyMap<number, number>;
}

export class Statistics {
  readonly #verdicts = new NameTally<VerdictName>(VERDICT_NAMES);
  readonly #outcomes = new NameTally<OutcomeName>(OUTCOME_NAMES);
  readonly #insns = new NumberTally();
  readonly #calls = new NumberTally();

  add({ verdict, want }: CaseResult): void {
    this.#verdicts.add(verdict);
    this.#outcomes.add(want === null ? 'not run' : want.outcome.kind);
    if (want === null) return;
    this.#insns.add(want.insns ?? 0);
    let calls = 0;
    for (const event of want.trace.events) if (event.kind === 'call') calls++;
    this.#calls.add(calls);
  }

  merge(counts: StatisticsCounts): void {
    for (const [name, n] of counts.verdicts) this.#verdicts.add(name, n);
    for (const [name, n] of counts.outcomes) this.#outcomes.add(name, n);
    for (const [value, n] of counts.insns) this.#insns.add(value, n);
    for (const [value, n] of counts.calls) this.#calls.add(value, n);
  }

  counts(): StatisticsCounts {
    return {
      verdicts: this.#verdicts.counts(),
      outcomes: this.#outcomes.counts(),
      insns: this.#insns.counts(),
      calls: this.#calls.counts(),
    };
  }

  summary(): Summary {
    const of = (name: VerdictName): number => this.#verdicts.of(name);
    const [agree, diverge, inconclusive] = [of('agree'), of('diverge'), of('inconclusive')];
    return { ran: agree + diverge + inconclusive, agree, diverge, inconclusive, skipped: of('skipped') };
  }

  /** Cases by how the reference ended, the commonest first, whoever counted what first. */
  outcomes(): [OutcomeName, number][] {
    return [...this.#outcomes.counts()].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  /** Of the BPF instructions a case runs. */
  insns(): { readonly median: number; readonly mean: number } {
    return { median: median(this.#insns.counts()), mean: mean(this.#insns.counts()) };
  }

  /** Of the calls a case makes. */
  calls(): { readonly median: number; readonly mean: number } {
    return { median: median(this.#calls.counts()), mean: mean(this.#calls.counts()) };
  }
}

function total(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const n of counts.values()) sum += n;
  return sum;
}

/** The lower one of two middle values; 0 of nothing. */
function median(counts: ReadonlyMap<number, number>): number {
  let before = 0;
  const half = total(counts) / 2;
  for (const [value, n] of [...counts].sort((a, b) => a[0] - b[0])) {
    before += n;
    if (before >= half) return value;
  }
  return 0;
}

function mean(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [value, n] of counts) sum += value * n;
  return sum / Math.max(1, total(counts));
}
