/**
 * Keeps this thread and a guest on one CPU while the guest runs: handing over then costs a switch of tasks, a
 * tenth of waking another CPU. Between runs the thread goes where the system wants it.
 */
import { addressOf, fixedWords, libc } from './linux.ts';

/** Bytes of a mask of 1024 CPUs; where there are more, nothing is pinned. */
const MASK_BYTES = 128;
const THIS_THREAD = 0;

export class Affinity {
  readonly #pid: number;
  readonly #own = fixedWords(MASK_BYTES / 8);
  readonly #ownAt = addressOf(this.#own);
  readonly #one = fixedWords(MASK_BYTES / 8);
  readonly #oneAt = addressOf(this.#one);
  readonly #isUseful: boolean;
  #guestCpu = -1;
  #maskCpu = 0;

  constructor(pid: number) {
    this.#pid = pid;
    const got = libc().getAffinity(THIS_THREAD, MASK_BYTES, this.#ownAt);
    this.#isUseful = got >= 0 && this.#own.some((word) => (word & (word - 1n)) !== 0n);
  }

  /** Before a run. */
  pin(): void {
    if (!this.#isUseful) return;
    const { getCpu, setAffinity } = libc();
    const cpu = getCpu();
    if (cpu < 0 || cpu >= MASK_BYTES * 8) return;
    this.#one[this.#maskCpu >> 6] = 0n;
    this.#one[cpu >> 6] = 1n << BigInt(cpu & 63);
    this.#maskCpu = cpu;
    setAffinity(THIS_THREAD, MASK_BYTES, this.#oneAt);
    if (cpu === this.#guestCpu) return;
    setAffinity(this.#pid, MASK_BYTES, this.#oneAt);
    this.#guestCpu = cpu;
  }

  /** After it. */
  unpin(): void {
    if (this.#isUseful) libc().setAffinity(THIS_THREAD, MASK_BYTES, this.#ownAt);
  }
}
