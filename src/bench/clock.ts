/** A clock for work whose stages lie within each other: each moment counts for the innermost one alone. */
import { nanoseconds } from './rounds.ts';

/** In the order in which a case goes through them; `count` is its place in the digest and the grids. */
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

const NUMBER_OF = Object.fromEntries(STAGES.map((stage, number) => [stage, number])) as Record<Stage, number>;
/** Number of no stage: what is spent between them is nobody's. */
const NONE: number = STAGES.length;

export class Clock {
  readonly #times = new Float64Array(STAGES.length + 1);
  #stage = NONE;
  #since = 0;

  /** What `work` takes counts for the stage, but for what it measures itself. */
  measure<T>(stage: Stage, work: () => T): T {
    const outer = this.#stage;
    this.#enter(NUMBER_OF[stage]);
    try {
      return work();
    } finally {
      this.#enter(outer);
    }
  }

  /** Nanoseconds since the clock was last reset, by stage, of those that were entered. */
  times(): ReadonlyMap<Stage, number> {
    const spent = STAGES.map((stage, number): [Stage, number] => [stage, this.#times[number] ?? 0]);
    return new Map(spent.filter(([, time]) => time > 0));
  }

  reset(): void {
    this.#times.fill(0);
  }

  #enter(stage: number): void {
    const now = nanoseconds();
    const left = this.#stage;
    this.#times[left] = (this.#times[left] ?? 0) + now - this.#since;
    this.#stage = stage;
    this.#since = now;
  }
}
