/**
 * Drawing from fast-check's random source, and arbitraries made of a drawing function and a shrinker.
 *
 * fast-check builds a nested record out of one arbitrary a field; for programs of a hundred instructions that
 * costs more than running them. Here fast-check's source seeds one small generator a value, and plain code
 * draws from that: seed and path mean what they always mean, and shrinking works on the finished structure.
 */
import * as fc from 'fast-check';
import type { U64 } from '../core/u64.ts';
import { wordOf } from './distinct.ts';

const TWO_32 = 2 ** 32;
/** Steps after which every bit of the seed has reached every bit of the state. */
const WARM_UP = 12;

/** Random choices: sfc32 (Doty-Humphrey, PractRand), seeded by 96 bits of fast-check's source. */
export class Draw {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(source: fc.Random) {
    this.#a = source.nextInt();
    this.#b = source.nextInt();
    this.#c = source.nextInt();
    for (let k = 0; k < WARM_UP; k++) this.bits32();
  }

  /** 32 random bits, signed. */
  bits32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** 64 random bits. */
  bits64(): U64 {
    return wordOf(this.bits32(), this.bits32());
  }

  /** An integer in [0, count); `count` is small beside 2^32. */
  below(count: number): number {
    return Math.trunc(((this.bits32() >>> 0) / TWO_32) * count);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** How an arbitrary of this folder makes and shrinks its values. */
export interface Drawn<T> {
  readonly draw: (draw: Draw) => T;
  /** Simpler values, the greatest steps first; each must itself be a value the arbitrary could draw. */
  readonly shrink: (value: T) => Iterable<T>;
}

class DrawnArbitrary<T> extends fc.Arbitrary<T> {
  readonly #drawn: Drawn<T>;

  constructor(drawn: Drawn<T>) {
    super();
    this.#drawn = drawn;
  }

  override generate(source: fc.Random): fc.Value<T> {
    return new fc.Value(this.#drawn.draw(new Draw(source)), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return value !== undefined;
  }

  override shrink(value: T): fc.Stream<fc.Value<T>> {
    const { shrink } = this.#drawn;
    return fc.stream(
      (function* () {
        for (const simpler of shrink(value)) yield new fc.Value(simpler, undefined);
      })(),
    );
  }
}

/** An arbitrary from a drawing function and a shrinker. */
export const drawn = <T>(spec: Drawn<T>): fc.Arbitrary<T> => new DrawnArbitrary(spec);
