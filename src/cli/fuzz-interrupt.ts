/** Ctrl-C: the first one ends the work with a summary, the second one at once. */

const INTERRUPTED = 130;

export class Interrupt {
  /** Called at the first one. */
  onStop: () => void = () => undefined;
  #stopped = false;
  readonly #listener = (): void => {
    if (this.#stopped) process.exit(INTERRUPTED);
    this.#stopped = true;
    this.onStop();
  };

  /** Listens to SIGINT and SIGTERM until it is closed. */
  constructor() {
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  close(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
