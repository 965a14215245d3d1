/** Records calls and returns; past its limit it only counts. */
import { maskOf, type Trace, type TraceEvent, type Word } from '../core/execution.ts';

export class TraceRecorder {
  readonly #limit: number;
  readonly #events: TraceEvent[] = [];
  #total = 0;
  #laterMasks: number[] | undefined;

  /** `limit`: events kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one event, and says whether there is room: if so, it is to be kept. */
  admits(): boolean {
    this.#total++;
    return !this.isFull;
  }

  /** Counts one event, and builds and keeps it if there is room. */
  record(build: () => TraceEvent): void {
    if (this.admits()) this.keep(build());
  }

  /** Of an event that was admitted. */
  keep(event: TraceEvent): void {
    this.#events.push(event);
  }

  /** Of a call with a model that was not admitted. */
  keepMask(args: readonly Word[]): void {
    this.#laterMasks ??= [];
    this.#laterMasks.push(maskOf(args));
  }

  /** Further events are only counted. */
  get isFull(): boolean {
    return this.#events.length >= this.#limit;
  }

  trace(): Trace {
    const [events, total, laterMasks] = [this.#events, this.#total, this.#laterMasks];
    return laterMasks === undefined ? { events, total } : { events, total, laterMasks };
  }
}
