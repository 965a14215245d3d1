/**
 * Drawing from fast-check's random source, and arbitraries made of a drawing function and a shrinker.
 *
 * fast-check builds a nested record out of one arbitrary a field; for programs of a hundred instructions that
 * costs more than running them. Here a whole program is drawn by plain code from one `Random`, so seed and
 * path mean what they always mean, and shrinking works on the finished structure.
 */
import * as fc from 'fast-check';

/** Random choices. Every call consumes the source in the same order for the same seed. */
export class Draw {
  readonly #source: fc.Random;

  constructor(source: fc.Random) {
    this.#source = source;
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return this.#source.nextInt(0, count - 1);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return this.#source.nextInt(low, high);
  }

  chance(percent: number): boolean {
    return this.#source.nextInt(0, 99) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#source.nextInt(0, from.length - 1)] as T;
  }

  /** Signed 32 random bits. */
  bits32(): number {
    return this.#source.nextInt(-0x8000_0000, 0x7fff_ffff);
  }

  /** Unsigned 64 random bits. */
  bits64(): bigint {
    return (BigInt(this.bits32() >>> 0) << 32n) | BigInt(this.bits32() >>> 0);
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
