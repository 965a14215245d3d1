/**
 * Keeps this thread and a guest on one CPU while the guest runs: handing over then costs a switch of tasks, a
 * tenth of waking another CPU. A few runs share one pin, for it costs as much as a run; then, or when the thread is
 * idle, it goes where the system wants it.
 */
import { addressOf, fixedWords, libc } from './linux.ts';

/** Bytes of a mask of 1024 CPUs; where there are more, nothing is pinned. */
const MASK_BYTES = 128;
const THIS_THREAD = 0;
/** As many as are made together (oracle/run.ts): of their time, most is spent elsewhere, where the thread is free. */
const RUNS_PER_PIN = 32;

/** This thread, whose guests take turns. */
class ThreadPin {
  readonly #own = fixedWords(MASK_BYTES / 8);
  readonly #ownAt = addressOf(this.#own);
  readonly #one = fixedWords(MASK_BYTES / 8);
  readonly oneAt = addressOf(this.#one);
  readonly #isUseful: boolean;
  /** Where it is pinned; -1: nowhere. */
  cpu = -1;
  #maskCpu = 0;
  #runsLeft = 0;

  constructor() {
    const got = libc().getAffinity(THIS_THREAD, MASK_BYTES, this.#ownAt);
    this.#isUseful = got >= 0 && this.#own.some((word) => (word & (word - 1n)) !== 0n);
  }

  pin(): void {
    if (this.#runsLeft > 0 || !this.#isUseful) return;
    const { getCpu, setAffinity } = libc();
    const cpu = getCpu();
    if (cpu < 0 || cpu >= MASK_BYTES * 8) return;
    this.#one[this.#maskCpu >> 6] = 0n;
    this.#one[cpu >> 6] = 1n << BigInt(cpu & 63);
    this.#maskCpu = cpu;
    setAffinity(THIS_THREAD, MASK_BYTES, this.oneAt);
    this.cpu = cpu;
    this.#runsLeft = RUNS_PER_PIN;
    setImmediate(() => this.unpin()).unref();
  }

  runIsOver(): void {
    if (this.cpu >= 0 && --this.#runsLeft <= 0) this.unpin();
  }

  unpin(): void {
    if (this.cpu < 0) return;
    libc().setAffinity(THIS_THREAD, MASK_BYTES, this.#ownAt);
    this.cpu = -1;
    this.#runsLeft = 0;
  }
}

let thread: ThreadPin | undefined;

export class Affinity {
  readonly #pid: number;
  readonly #thread: ThreadPin;
  #guestCpu = -1;

  constructor(pid: number) {
    this.#pid = pid;
    thread ??= new ThreadPin();
    this.#thread = thread;
  }

  /** Before a run. */
  pin(): void {
    this.#thread.pin();
    const { cpu, oneAt } = this.#thread;
    if (cpu < 0 || cpu === this.#guestCpu) return;
    libc().setAffinity(this.#pid, MASK_BYTES, oneAt);
    this.#guestCpu = cpu;
  }

  /** After it. */
  runIsOver(): void {
    this.#thread.runIsOver();
  }

  /** When there is to be no further one. */
  release(): void {
    this.#thread.unpin();
  }
}
