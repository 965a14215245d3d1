import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultModel, modelKey, modelStart, secondWord } from '../../src/core/env.ts';
import type { Word } from '../../src/core/execution.ts';
import { FMIX, FMIX_SHIFT, Hash, halvesOf } from '../../src/core/fmix.ts';
import { type U64, u64 } from '../../src/core/u64.ts';

const U64_MAX = 2n ** 64n - 1n;
const word = fc.oneof(fc.bigInt({ min: 0n, max: U64_MAX }), fc.constantFrom(0n, 1n, 0xffff_ffffn, U64_MAX));

/** MurmurHash3's fmix64 as it is written down. */
function fmix64(x: U64): U64 {
  for (const multiplier of FMIX) x = u64((x ^ (x >> FMIX_SHIFT)) * multiplier);
  return x ^ (x >> FMIX_SHIFT);
}

describe('Hash', () => {
  it('is fmix64 of 64-bit words', () => {
    fc.assert(
      fc.property(word, word, word, (start, added, key) => {
        const hash = new Hash(halvesOf(start));
        hash.add(added, halvesOf(key));
        expect(hash.word).toBe(fmix64(start ^ u64(added + key)));
      }),
      { seed: 1 },
    );
  });

  it('multiplies by whole numbers', () => {
    const factor = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, 0, 1, 2 ** 31, 2 ** 32, -(2 ** 31)));
    fc.assert(
      fc.property(word, factor, (start, n) => {
        const hash = new Hash(halvesOf(start));
        hash.times(n);
        expect(hash.word).toBe(u64(start * BigInt(n)));
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
        (h, arg, i) => (arg === undefined ? h : fmix64(h ^ u64(arg + modelKey(i + 1)))),
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
    expect(secondWord(7n)).toBe(fmix64(7n ^ modelKey(1)));
  });
});
