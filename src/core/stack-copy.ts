/** A stack as it was at some time, kept so that it is soon held against one of a guest: four bytes at once. */
import type { Arena } from './arena.ts';
import type { StackBytes } from './execution.ts';
import type { U64 } from './u64.ts';

const HALF_BYTES = 4;
const NO_HALVES = new Uint32Array(0);

/** A stack seen eight bytes at once, and its poison, one byte for each; null where none of it is. */
export interface StackWords {
  readonly words: BigUint64Array;
  readonly poison: BigUint64Array | null;
}

export class StackCopy implements StackBytes {
  readonly address: U64;
  readonly bytes: Uint8Array;
  /** Absent, not undefined, where there is none. */
  declare readonly poison?: Uint8Array;
  /** What `bytes` and `poison` are parts of, from these indexes on. */
  readonly #halves: Uint32Array;
  readonly #at: number;
  #poisonHalves: Uint32Array = NO_HALVES;
  #poisonAt = 0;

  /** Of all words from index `from` on, the first of which lies at `address`. */
  constructor(copies: Arena, address: U64, { words, poison }: StackWords, from: number) {
    this.address = address;
    this.bytes = copies.copyEights(words, from);
    this.#halves = copies.halves;
    this.#at = copies.halvesEnd - this.bytes.length / HALF_BYTES;
    if (poison === null) return;
    this.poison = copies.copyEights(poison, from);
    this.#poisonHalves = copies.halves;
    this.#poisonAt = copies.halvesEnd - this.poison.length / HALF_BYTES;
  }

  isIn(window: Uint32Array, shift: number, from: number): boolean {
    const halves = this.#halves;
    const poison = this.#poisonHalves;
    const hasPoison = poison.length > 0;
    const size = this.bytes.length / HALF_BYTES;
    for (let i = from / HALF_BYTES; i < size; i++) {
      const differs = (halves[this.#at + i] as number) ^ (window[shift / HALF_BYTES + i] as number);
      if (differs === 0) continue;
      // Of a poisoned byte, all bits.
      const free = hasPoison ? Math.imul(poison[this.#poisonAt + i] as number, 0xff) : 0;
      if ((differs & ~free) !== 0) return false;
    }
    return true;
  }
}
