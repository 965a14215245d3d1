/**
 * Runs of which no blocks are hooked but callees and those the run names, and that look nowhere else whether they are to end:
 * libunicorn translates others faster. What blocks do not count is left to the watchdog; where it had to stop a run, the next ones count again.
 */

import type { RunRequest } from './engine.ts';
import { leaveOutExitChecks } from './exit-checks.ts';
import type { GuestSpace } from './guest-space.ts';
import type { KeptHandles } from './kept-handles.ts';
import type { Libunicorn, Pointer } from './libunicorn.ts';
import { type Shortcuts, shortcutsOf } from './shortcuts.ts';
import type { UnicornHandle } from './unicorn-handle.ts';
import { type Watchdog, watchdogOf } from './watchdog.ts';

/** Runs that count their blocks after one that did not end: each that does not end takes as long as a thousand others. */
const WARY_RUNS = 256;
const NO_STACK = new Uint8Array(0);

export class NamedRuns {
  readonly #lib: Libunicorn;
  #watchdog: Watchdog | null | undefined;
  readonly #shortcuts: Shortcuts | null;
  #wary = 0;
  /** Of the run that comes next. */
  #stack: Uint8Array = NO_STACK;
  /** Used last. */
  #handle: UnicornHandle | undefined;
  /** Whether the last of these runs was stopped: then its handle is not to be used again. */
  wasStopped = false;

  constructor(lib: Libunicorn) {
    this.#lib = lib;
    this.#shortcuts = shortcutsOf(lib);
  }

  /** The handle for such a run, ready for it; undefined for a run whose blocks are to be counted. */
  handleFor(
    { noted }: RunRequest,
    { canChangeCode }: GuestSpace,
    kept: KeptHandles,
  ): UnicornHandle | undefined {
    if (noted?.named === undefined || canChangeCode) return undefined;
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
    this.#stack = noted.stack;
    return handle;
  }

  /** `open` opens a handle. */
  opening(open: () => UnicornHandle): UnicornHandle {
    return this.#shortcuts === null ? open() : this.#shortcuts.opening(open);
  }

  /** The handle starts to run, here. */
  begin(uc: Pointer, space: GuestSpace): void {
    this.#shortcuts?.begin(space, this.#stack);
    this.#watchdog?.begin(uc);
  }

  /** It runs no more; true if it had to be stopped. */
  end(): boolean {
    this.#shortcuts?.end();
    this.wasStopped = this.#watchdog?.end() === true;
    if (this.wasStopped) this.#wary = WARY_RUNS;
    return this.wasStopped;
  }
}
