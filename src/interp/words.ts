/**
 * A row of 64-bit words, each of which may be poison: the registers, the slots of stack arguments.
 */
import type { Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';

/** Indexes are not checked: they come from decoded instructions. All words start as poison. */
export class Words {
  #values: BigUint64Array;
  /** The same: of each word the low half, then the high one. */
  #halves: Int32Array;
  #poison: Uint8Array;

  constructor(count: number) {
    this.#values = new BigUint64Array(count);
    this.#halves = halvesOf(this.#values);
    this.#poison = new Uint8Array(count).fill(1);
  }

  /** Keeps the words in other buffers from here on. */
  moveTo(values: BigUint64Array, poison: Uint8Array): void {
    values.set(this.#values);
    poison.set(this.#poison);
    this.#values = values;
    this.#halves = halvesOf(values);
    this.#poison = poison;
  }

  /** The value; of poison, some value nobody may rely on. */
  value(index: number): U64 {
    return this.#values[index] as U64;
  }

  /** `value + off` as signed numbers: rounded where it is not within 53 bits. */
  plus(index: number, off: number): number {
    const low = (this.#halves[2 * index] as number) >>> 0;
    return (this.#halves[2 * index + 1] as number) * 2 ** 32 + (low + off);
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
    // They are few, and this is done after every call.
    for (let i = 0; i < this.#poison.length; i++) this.#poison[i] = 1;
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

const halvesOf = ({ buffer, byteOffset, length }: BigUint64Array): Int32Array =>
  new Int32Array(buffer, byteOffset, 2 * length);
