/**
 * System calls that the guest is to do before it runs next, all in one stop: a stop costs more than the calls. They lie
 * in memory of the guest; its code there is guest-elf.ts `listGate`.
 */
import { LIST_CALL_WORDS } from './guest-elf.ts';
import type { Tracee } from './tracee.ts';

/** A call that failed, with the errno. */
export interface FailedCall {
  readonly number: number;
  readonly errno: number;
}

export class CallList {
  readonly #address: bigint;
  readonly #words: BigUint64Array;
  #count = 0;

  /** `bytes` is where the guest has `address`. */
  constructor({ buffer, byteOffset, byteLength }: Uint8Array, address: bigint) {
    this.#address = address;
    this.#words = new BigUint64Array(buffer, byteOffset, byteLength / 8);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get isFull(): boolean {
    return (this.#count + 1) * LIST_CALL_WORDS > this.#words.length;
  }

  /** Its number and up to six arguments. */
  add(number: number, ...args: readonly (number | bigint)[]): void {
    const call = this.#words.subarray(this.#count * LIST_CALL_WORDS, ++this.#count * LIST_CALL_WORDS);
    call.fill(0n);
    [number, ...args].forEach((word, i) => {
      call[i] = BigInt(word);
    });
  }

  /** A guest that is started anew gets all its memory by itself. */
  clear(): void {
    this.#count = 0;
  }

  /** Has all of them done: the first that fails, `gone` if the guest has ended, or undefined. */
  run(guest: Tracee): FailedCall | 'gone' | undefined {
    const end = this.#address + BigInt(8 * LIST_CALL_WORDS * this.#count);
    this.#count = 0;
    const last = guest.systemCalls(this.#address, end);
    if (last === undefined) return 'gone';
    if (last.result >= 0n) return undefined;
    const number = this.#words[Number(last.at - this.#address) / 8] ?? 0n;
    return { number: Number(number), errno: Number(-last.result) };
  }
}
