/**
 * An engine whose time is told from that of whoever watches it. `load`: code put into the guest, memory mapped and
 * unmapped. `emulate`: runs, translation among it, and on silicon what a guest maps, which it does when it runs next.
 * `observe`: what is called while a guest is stopped; the runner around the engine counts for it, too (stages.ts).
 */
import type { U64 } from '../core/u64.ts';
import type { Cpu, Engine, EngineCaps, Region, RunRequest, Stop, Watcher } from '../emu/engine.ts';
import type { Clock } from './clock.ts';

/** Does what the engine does. */
export class TimedEngine implements Engine {
  readonly name: string;
  readonly version: string;
  readonly caps: EngineCaps;
  readonly door?: U64;
  readonly notes?: Engine['notes'];
  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(engine: Engine, clock: Clock) {
    this.name = engine.name;
    this.version = engine.version;
    this.caps = engine.caps;
    if (engine.door !== undefined) this.door = engine.door;
    if (engine.notes !== undefined) this.notes = engine.notes;
    this.#engine = engine;
    this.#clock = clock;
  }

  map(region: Region): () => Uint8Array {
    return this.#clock.measure('load', () => this.#engine.map(region));
  }

  unmap(region: Region): void {
    this.#clock.measure('load', () => this.#engine.unmap(region));
  }

  load(address: U64, code: Uint8Array, entries?: readonly number[]): void {
    this.#clock.measure('load', () => this.#engine.load(address, code, entries));
  }

  run(request: RunRequest, out: BigUint64Array): Stop {
    const watched = this.#watched(request);
    return this.#clock.measure('emulate', () => this.#engine.run(watched, out));
  }

  close(): void {
    this.#engine.close();
  }

  /** What is absent stays so: an engine does more for what is there. */
  #watched(request: RunRequest): RunRequest {
    const { watcher, onInsn, onFault } = request;
    return {
      ...request,
      watcher: this.#observed(watcher),
      ...(onInsn === undefined ? {} : { onInsn: this.#observed(onInsn) }),
      ...(onFault === undefined
        ? {}
        : { onFault: (rip: U64, cpu: Cpu) => this.#clock.measure('observe', () => onFault(rip, cpu)) }),
    };
  }

  #observed(watcher: Watcher): Watcher {
    return (address, cpu) => this.#clock.measure('observe', () => watcher(address, cpu));
  }
}
