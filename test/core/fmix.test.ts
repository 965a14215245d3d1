import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultModel, modelKey, modelStart, secondWord } from '../../src/core/env.ts';
import type { Word } from '../../src/core/execution.ts';
import { FMIX, FMIX_SHIFT, fmix64 } from '../../src/core/fmix.ts';
import { type U64, u64 } from '../../src/core/u64.ts';

const U64_MAX = 2n ** 64n - 1n;
const word = fc.oneof(fc.bigInt({ min: 0n, max: U64_MAX }), fc.constantFrom(0n, 1n, 0xffff_ffffn, U64_MAX));

/** As it is written down: rounds over a number of any size, cut to 64 bits after each. */
function rounds(x: bigint): U64 {
  for (const multiplier of FMIX) x = BigInt.asUintN(64, (x ^ (x >> FMIX_SHIFT)) * multiplier);
  return x ^ (x >> FMIX_SHIFT);
}

describe('fmix64', () => {
  it('is that of MurmurHash3', () => {
    // SMHasher, MurmurHash3.cpp
    expect(fmix64(1n)).toBe(0xb456_bcfc_34c2_cb2cn);
    fc.assert(
      fc.property(word, (x) => {
        expect(fmix64(x)).toBe(rounds(x));
      }),
      { seed: 1 },
    );
  });
});

describe('defaultModel', () => {
  const callee = fc.record({
    kind: fc.constantFrom('helper' as const, 'kfunc' as const),
    id: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  });
  const args = fc.array(fc.option(word, { nil: undefined }), { maxLength: 14 });

  it('mixes arguments by their positions, in the words of the C model', () => {
    const mixed = (start: U64, words: readonly Word[]): U64 =>
      words.reduce<U64>(
        (h, arg, i) => (arg === undefined ? h : rounds(h ^ u64(arg + modelKey(i + 1)))),
        start,
      );
    const memory = { read: () => undefined, write: () => false };
    fc.assert(
      fc.property(callee, args, (who, words) => {
        expect(defaultModel({ callee: who, args: words, memory })).toBe(mixed(modelStart(who), words));
      }),
      { seed: 1 },
    );
  });

  it('has a second word that follows from the first', () => {
    expect(secondWord(7n)).toBe(rounds(7n ^ modelKey(1)));
  });
});
