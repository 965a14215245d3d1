/**
 * Runs of which no blocks are hooked but callees and those the run names, and that look nowhere else whether they are to end:
 * libunicorn translates others faster. What blocks do not count is left to the watchdog; where it had to stop a run, the next ones count again.
 */

import { type CodeReader, codeReaderOf } from './code-reader.ts';
import type { RunRequest } from './engine.ts';
import { leaveOutExitChecks } from './exit-checks.ts';
import type { Mapped } from './guest-space.ts';
import type { KeptHandles } from './kept-handles.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';
import type { UnicornHandle } from './unicorn-handle.ts';
import { type Watchdog, watchdogOf } from './watchdog.ts';

/** Runs that count their blocks after one that did not end: each that does not end takes as long as a thousand others. */
const WARY_RUNS = 256;

export class NamedRuns {
  readonly #lib: Libunicorn;
  #watchdog: Watchdog | null | undefined;
  readonly #reader: CodeReader | null;
  #wary = 0;
  /** Used last. */
  #handle: UnicornHandle | undefined;
  /** Whether the last of these runs was stopped: then its handle is not to be used again. */
  wasStopped = false;

  constructor(lib: Libunicorn) {
    this.#lib = lib;
    this.#reader = codeReaderOf(lib);
  }

  /** The handle for such a run, ready for it; undefined for a run whose blocks are to be counted. */
  handleFor({ noted }: RunRequest, kept: KeptHandles): UnicornHandle | undefined {
    if (noted?.named === undefined) return undefined;
    if (this.#watchdog === undefined) this.#watchdog = watchdogOf(this.#lib);
    if (this.#watchdog === null) return undefined;
    if (this.#wary > 0) {
      this.#wary--;
      return undefined;
    }
    const handle = kept.named;
    if (handle.named === null) {
      this.#watchdog = null;
      return undefined;
    }
    if (handle !== this.#handle) leaveOutExitChecks(this.#lib, handle.uc);
    this.#handle = handle;
    handle.named.moveTo(noted.named);
    return handle;
  }

  /** The handle starts to run; most of what it translates is of this region. */
  begin(uc: Pointer, code: Mapped | undefined): void {
    if (code !== undefined) this.#reader?.begin(code);
    this.#watchdog?.begin(uc);
  }

  /** It runs no more; true if it had to be stopped. */
  end(): boolean {
    this.#reader?.end();
    this.wasStopped = this.#watchdog?.end() === true;
    if (this.wasStopped) this.#wary = WARY_RUNS;
    return this.wasStopped;
  }
}
