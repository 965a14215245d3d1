/** Numbers of a campaign: verdicts, how programs ended, how long they ran and how often they called. */
import type { CaseResult, Summary, VerdictName } from '../oracle/case.ts';

export type OutcomeName = 'exit' | 'fault' | 'budget' | 'unsupported' | 'not run';

/** Counts that can be sent to another process. */
export interface StatisticsCounts {
  readonly verdicts: ReadonlyMap<VerdictName, number>;
  readonly outcomes: ReadonlyMap<OutcomeName, number>;
  /** How many cases ran so many instructions, made so many calls. */
  readonly insns: ReadonlyMap<number, number>;
  readonly calls: ReadonlyMap<number, number>;
}

export class Statistics {
  readonly #verdicts = new Map<VerdictName, number>();
  readonly #outcomes = new Map<OutcomeName, number>();
  readonly #insns = new Map<number, number>();
  readonly #calls = new Map<number, number>();

  add({ verdict, want }: CaseResult): void {
    count(this.#verdicts, verdict, 1);
    count(this.#outcomes, want?.outcome.kind ?? 'not run', 1);
    if (want === null) return;
    count(this.#insns, want.insns ?? 0, 1);
    let calls = 0;
    for (const event of want.trace.events) if (event.kind === 'call') calls++;
    count(this.#calls, calls, 1);
  }

  merge(counts: StatisticsCounts): void {
    for (const [name, n] of counts.verdicts) count(this.#verdicts, name, n);
    for (const [name, n] of counts.outcomes) count(this.#outcomes, name, n);
    for (const [value, n] of counts.insns) count(this.#insns, value, n);
    for (const [value, n] of counts.calls) count(this.#calls, value, n);
  }

  counts(): StatisticsCounts {
    return {
      verdicts: this.#verdicts,
      outcomes: this.#outcomes,
      insns: this.#insns,
      calls: this.#calls,
    };
  }

  summary(): Summary {
    const of = (name: VerdictName): number => this.#verdicts.get(name) ?? 0;
    const [agree, diverge, inconclusive] = [of('agree'), of('diverge'), of('inconclusive')];
    return { ran: agree + diverge + inconclusive, agree, diverge, inconclusive, skipped: of('skipped') };
  }

  /** Cases by how the reference ended, the commonest first, whoever counted what first. */
  outcomes(): [OutcomeName, number][] {
    return [...this.#outcomes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  /** Of the BPF instructions a case runs. */
  insns(): { readonly median: number; readonly mean: number } {
    return { median: median(this.#insns), mean: mean(this.#insns) };
  }

  /** Of the calls a case makes. */
  calls(): { readonly median: number; readonly mean: number } {
    return { median: median(this.#calls), mean: mean(this.#calls) };
  }
}

function count<K>(counts: Map<K, number>, key: K, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n);
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
