/**
 * A row of 64-bit words, each of which may be poison: the registers, the slots of stack arguments.
 */
import type { Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';

/** Indexes are not checked: they come from decoded instructions. All words start as poison. */
export class Words {
  #values: BigUint64Array;
  #poison: Uint8Array;

  constructor(count: number) {
    this.#values = new BigUint64Array(count);
    this.#poison = new Uint8Array(count).fill(1);
  }

  /** Keeps the words in other buffers from here on. */
  moveTo(values: BigUint64Array, poison: Uint8Array): void {
    values.set(this.#values);
    poison.set(this.#poison);
    this.#values = values;
    this.#poison = poison;
  }

  /** The value; of poison, some value nobody may rely on. */
  value(index: number): U64 {
    return this.#values[index] as U64;
  }

  isPoison(index: number): boolean {
    return this.#poison[index] !== 0;
  }

  /** Wraps `value` to 64 bits. */
  set(index: number, value: U64): void {
    this.#values[index] = value;
    this.#poison[index] = 0;
  }

  poison(index: number): void {
    this.#poison[index] = 1;
  }

  poisonAll(): void {
    this.#poison.fill(1);
  }

  /** The value, or undefined for poison. */
  word(index: number): Word {
    return this.#poison[index] === 0 ? this.#values[index] : undefined;
  }

  /** Sets a value, or poison. */
  put(index: number, word: Word): void {
    if (word === undefined) this.poison(index);
    else this.set(index, word);
  }
}
