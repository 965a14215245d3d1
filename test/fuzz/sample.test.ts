/** The sample of a campaign's cases: by seed and number alone, thinner after the first ones. */
import { expect, it } from 'vitest';
import { EARLY_CASES, isSampled, SAMPLE_RATE } from '../../src/fuzz/sample.ts';

const sampled = (seed: number, from: number, to: number, rate = SAMPLE_RATE): number[] =>
  Array.from({ length: to - from }, (_, k) => from + k).filter((index) => isSampled(index, seed, rate));

it('is every 64th of the first cases, from where the seed says', () => {
  expect(sampled(5, 0, 200)).toEqual([5, 69, 133, 197]);
  expect(sampled(64 + 3, 0, 100)).toEqual([3, 67]);
  expect(sampled(0xffff_ffff, 0, EARLY_CASES)).toHaveLength(EARLY_CASES / 64);
});

it('is every 512th of those behind', () => {
  expect(sampled(5, EARLY_CASES, EARLY_CASES + 1024)).toEqual([EARLY_CASES + 5, EARLY_CASES + 517]);
  expect(sampled(0xffff_ffff, EARLY_CASES, 3 * EARLY_CASES)).toHaveLength(32);
});

it('is all or none where that is asked for', () => {
  const all = { vacuityEvery: 1, vacuityLater: 1 };
  expect(sampled(9, EARLY_CASES - 5, EARLY_CASES + 5, all)).toHaveLength(10);
  expect(sampled(0, EARLY_CASES - 5, EARLY_CASES + 5, { vacuityEvery: 0, vacuityLater: 0 })).toEqual([]);
});
