/** A clock for work whose stages lie within each other: each moment counts for the innermost one alone. */
import { nanoseconds } from './rounds.ts';

/** In the order in which a case goes through them; what a case has been counted in is at its end. */
export const STAGES = [
  'generate',
  'encode',
  'compile',
  'interpret',
  'load',
  'emulate',
  'observe',
  'compare',
  'count',
] as const;

export type Stage = (typeof STAGES)[number];

/** Those of a run of machine code: together what a bare engine is beside. */
export const NATIVE_STAGES: readonly Stage[] = ['load', 'emulate', 'observe'];

export class Clock {
  readonly #times = new Map<Stage, number>();
  #stage: Stage | undefined;
  #since = 0;

  /** What `work` takes counts for the stage, but for what it measures itself. */
  measure<T>(stage: Stage, work: () => T): T {
    const outer = this.#enter(stage);
    try {
      return work();
    } finally {
      this.#enter(outer);
    }
  }

  /** Nanoseconds since the clock was last reset, by stage. */
  times(): ReadonlyMap<Stage, number> {
    return new Map(STAGES.flatMap((stage) => timeOf(stage, this.#times.get(stage))));
  }

  reset(): void {
    this.#times.clear();
  }

  /** The stage that was left. */
  #enter(stage: Stage | undefined): Stage | undefined {
    const now = nanoseconds();
    const left = this.#stage;
    if (left !== undefined) this.#times.set(left, (this.#times.get(left) ?? 0) + now - this.#since);
    this.#stage = stage;
    this.#since = now;
    return left;
  }
}

const timeOf = (stage: Stage, spent: number | undefined): [Stage, number][] =>
  spent === undefined ? [] : [[stage, spent]];
