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
import { Sfc32 } from './sfc32.ts';

const TWO_32 = 2 ** 32;
/** Below it, products with 16 bits are of 31. */
const SMALL = 0x8000;

/** Random choices, seeded by three words of 32 bits. */
export class Draw extends Sfc32 {
  constructor(word: () => number) {
    super(word(), word(), word());
  }

  /** 32 random bits, signed. */
  bits32(): number {
    return this.next();
  }

  /** 64 random bits. */
  bits64(): U64 {
    return wordOf(this.bits32(), this.bits32());
  }

  /** An integer in [0, count); `count` is small beside 2^32. */
  below(count: number): number {
    const bits = this.next();
    if (count >= SMALL) return (((bits >>> 0) / TWO_32) * count) | 0;
    // The high word of bits * count, without a number that is no integer: most choices of a program are made here.
    return (Math.imul(bits >>> 16, count) + (Math.imul(bits & 0xffff, count) >>> 16)) >>> 16;
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
    return new fc.Value(this.#drawn.draw(new Draw(() => source.nextInt())), undefined);
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
