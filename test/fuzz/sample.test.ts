/** The sample of a campaign's cases: by seed and number alone, thinner after the first ones. */
import { expect, it } from 'vitest';
import { LANES, laneAt, validMix } from '../../src/fuzz/lanes.ts';
import { EARLY_CASES, isSampled, SAMPLE_RATE } from '../../src/fuzz/sample.ts';

const sampled = (seed: number, from: number, to: number, rate = SAMPLE_RATE): number[] =>
  Array.from({ length: to - from }, (_, k) => from + k).filter((index) => isSampled(index, seed, rate));

it('is one of every 64 of the first cases, another one each time, from where the seed says', () => {
  expect(sampled(5, 0, 256)).toEqual([5, 64 + 6, 128 + 7, 192 + 8]);
  expect(sampled(64 + 62, 0, 256)).toEqual([62, 64 + 63, 128, 192 + 1]);
  expect(sampled(0xffff_ffff, 0, EARLY_CASES)).toHaveLength(EARLY_CASES / 64);
});

it('is one of every 512 of those behind', () => {
  expect(sampled(5, EARLY_CASES, EARLY_CASES + 1024)).toEqual([EARLY_CASES + 21, EARLY_CASES + 512 + 22]);
  expect(sampled(0xffff_ffff, EARLY_CASES, 3 * EARLY_CASES)).toHaveLength(32);
});

it('has cases of every lane of a mix', () => {
  const lanes = LANES.map(({ name }) => name);
  const mix = { ...validMix(), lanes };
  const found = new Set(sampled(1, 0, EARLY_CASES).map((index) => laneAt(index, mix)));
  expect([...found].sort()).toEqual([...lanes].sort());
});

it('is all or none where that is asked for', () => {
  const all = { vacuityEvery: 1, vacuityLater: 1 };
  expect(sampled(9, EARLY_CASES - 5, EARLY_CASES + 5, all)).toHaveLength(10);
  expect(sampled(0, EARLY_CASES - 5, EARLY_CASES + 5, { vacuityEvery: 0, vacuityLater: 0 })).toEqual([]);
});
