/** Records calls and returns; past its limit it only counts. */
import type { Trace, TraceEvent } from '../core/execution.ts';

export class TraceRecorder {
  readonly #limit: number;
  readonly #events: TraceEvent[] = [];
  #total = 0;

  /** `limit`: events kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one event, and builds and keeps it if there is room. */
  record(build: () => TraceEvent): void {
    this.#total++;
    if (!this.isFull) this.#events.push(build());
  }

  /** Further events are only counted. */
  get isFull(): boolean {
    return this.#events.length >= this.#limit;
  }

  trace(): Trace {
    return { events: this.#events, total: this.#total };
  }
}
