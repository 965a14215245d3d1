/**
 * What every arbitrary must keep, as tests: the same seed gives the same value, values are valid, shrinks are
 * valid and simpler by a stated measure, and shrinking ends at the stated minimum.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Compared from the first part to the last; parts are never negative, so going down always ends. */
export type Measure = readonly bigint[];

export interface KitSubject<T> {
  readonly arbitrary: fc.Arbitrary<T>;
  /** Throws where a value is not valid. */
  readonly check: (value: T) => void;
  readonly measure: (value: T) => Measure;
  /** What a property that never holds shrinks to. */
  readonly minimum: (value: T) => void;
}

const SEED = 20_260;
const VALUES = 300;
/** Values whose shrinks are looked at, and how many of each. */
const SHRUNK_VALUES = 25;
const SHRINKS_EACH = 150;

export function describeArbitrary<T>(name: string, subject: KitSubject<T>): void {
  const { arbitrary, check, measure, minimum } = subject;
  const sample = (seed: number, numRuns: number): T[] => fc.sample(arbitrary, { seed, numRuns });

  describe(name, () => {
    it('gives the same values for the same seed, others for another', () => {
      expect(sample(SEED, 20)).toEqual(sample(SEED, 20));
      expect(sample(SEED, 20)).not.toEqual(sample(SEED + 1, 20));
    });

    it('gives valid values only', () => {
      for (const value of sample(SEED, VALUES)) check(value);
    });

    it('shrinks to valid values that are strictly simpler', () => {
      for (const value of sample(SEED, SHRUNK_VALUES)) {
        for (const simpler of firstShrinks(arbitrary, value, SHRINKS_EACH)) {
          check(simpler);
          if (!isLess(measure(simpler), measure(value)))
            expect.fail(`${show(simpler)} is not simpler than ${show(value)}`);
        }
      }
    });

    it('shrinks to the stated minimum', () => {
      minimum(minimise(arbitrary, () => true));
    });
  });
}

/** The value a property that fails where `fails` does shrinks to. */
export function minimise<T>(arbitrary: fc.Arbitrary<T>, fails: (value: T) => boolean): T {
  const property = fc.property<[T]>(arbitrary, (value) => !fails(value));
  const { counterexample } = fc.check<[T]>(property, { seed: SEED, numRuns: 2000 });
  if (counterexample === null) expect.fail('found no counterexample');
  return counterexample[0];
}

function* firstShrinks<T>(arbitrary: fc.Arbitrary<T>, value: T, count: number): Iterable<T> {
  let k = 0;
  for (const shrink of arbitrary.shrink(value, undefined)) {
    if (k++ === count) return;
    yield shrink.value;
  }
}

function isLess(a: Measure, b: Measure): boolean {
  const first = a.findIndex((part, k) => part !== b[k]);
  return first >= 0 && (a[first] as bigint) < (b[first] as bigint);
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)).slice(0, 2000);
