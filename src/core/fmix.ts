/**
 * A 64-bit hash in two halves of 32 bits: as BigInts each step would make a new one, and a run takes some hundred steps.
 * Its finaliser is that of MurmurHash3 (fmix64).
 */
import { fromHalves, high32, low32, type U64 } from './u64.ts';

/** Multipliers of the finaliser, one for each round; a round shifts by FMIX_SHIFT. */
export const FMIX = [0xff51_afd7_ed55_8ccdn, 0xc4ce_b9fe_1a85_ec53n] as const;
export const FMIX_SHIFT = 33n;

/** The halves of a word, as signed numbers. */
export interface Halves {
  readonly low: number;
  readonly high: number;
}

export const halvesOf = (word: U64): Halves => ({ low: low32(word), high: high32(word) });

const [FIRST, SECOND] = [halvesOf(FMIX[0]), halvesOf(FMIX[1])];

export class Hash {
  #low: number;
  #high: number;

  constructor({ low, high }: Halves) {
    this.#low = low;
    this.#high = high;
  }

  /** h *= n, any whole number */
  times(n: number): void {
    this.#multiply(n | 0, Math.floor(n / 2 ** 32));
  }

  /** h = fmix64(h ^ (word + key)) */
  add(word: U64, { low, high }: Halves): void {
    const sum = (low32(word) >>> 0) + (low >>> 0);
    this.#low ^= sum;
    this.#high ^= high32(word) + high + (sum > 0xffff_ffff ? 1 : 0);
    this.#fold();
    this.#multiply(FIRST.low, FIRST.high);
    this.#fold();
    this.#multiply(SECOND.low, SECOND.high);
    this.#fold();
  }

  get word(): U64 {
    return fromHalves(this.#low, this.#high);
  }

  /** h ^= h >> FMIX_SHIFT */
  #fold(): void {
    this.#low ^= this.#high >>> 1;
  }

  /** In digits of 16 bits, as by hand; of the upper half only what stays below 2^64. */
  #multiply(low: number, high: number): void {
    const a0 = this.#low & 0xffff;
    const a1 = this.#low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const first = Math.imul(a0, b0) >>> 0;
    const cross = Math.imul(a0, b1) >>> 0;
    const other = Math.imul(a1, b0) >>> 0;
    const middle = (first >>> 16) + (cross & 0xffff) + (other & 0xffff);
    const upper = Math.imul(a1, b1) + (cross >>> 16) + (other >>> 16) + (middle >>> 16);
    this.#high = (upper + Math.imul(this.#low, high) + Math.imul(this.#high, low)) | 0;
    this.#low = (middle << 16) | (first & 0xffff);
  }
}
