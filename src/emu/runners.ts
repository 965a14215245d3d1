/** The engines one checker runs images on: opened when the first image is to run, closed together. */
import type { Engine } from './engine.ts';
import { ImageRunner } from './run-image.ts';

/** An engine, or how to open it. */
export type EngineSource = Engine | (() => Engine);

export interface NamedRunner {
  readonly name: string;
  readonly isCpu: boolean;
  readonly runner: ImageRunner;
}

export class Runners {
  readonly #sources: readonly EngineSource[];
  #opened: readonly NamedRunner[] | undefined;

  /** Takes engines over: maps their memory and closes them. */
  constructor(sources: readonly EngineSource[]) {
    this.#sources = sources;
  }

  /** Whether there are several. */
  get areSeveral(): boolean {
    return this.#sources.length > 1;
  }

  /**
   * In the order in which they are believed: a CPU first, else as they were given. Throws the `engine` error of
   * one that cannot be opened.
   */
  all(): readonly NamedRunner[] {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** The one that counts. */
  first(): ImageRunner {
    return (this.all()[0] as NamedRunner).runner;
  }

  /** By its engine's name; the one that counts if there is none of that name. */
  named(name: string | undefined): ImageRunner {
    return this.all().find((each) => each.name === name)?.runner ?? this.first();
  }

  close(): void {
    if (this.#opened !== undefined) for (const { runner } of this.#opened) runner.close();
    else for (const source of this.#sources) if (typeof source !== 'function') source.close();
    this.#opened = undefined;
  }

  #open(): NamedRunner[] {
    const runners: NamedRunner[] = [];
    try {
      for (const source of this.#sources) {
        const engine = typeof source === 'function' ? source() : source;
        runners.push({ name: engine.name, isCpu: engine.caps.isCpu, runner: new ImageRunner(engine) });
      }
    } catch (error) {
      for (const { runner } of runners) runner.close();
      throw error;
    }
    return runners.sort((a, b) => Number(b.isCpu) - Number(a.isCpu));
  }
}
