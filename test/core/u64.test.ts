import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  fromHalves,
  fromNumber,
  fromS32,
  high32,
  low32,
  numberAt,
  toNumber,
  u64,
} from '../../src/core/u64.ts';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

it('takes words apart and puts them together again', () => {
  fc.assert(
    fc.property(word, (x) => {
      expect([low32(x), high32(x)]).toEqual([x, x >> 32n].map((half) => Number(BigInt.asIntN(32, half))));
      expect(fromHalves(low32(x), high32(x))).toBe(x);
    }),
    { seed: 1 },
  );
});

it('makes words of numbers', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.maxSafeNat(), (signed, natural) => {
      expect(fromS32(signed)).toBe(u64(BigInt(signed)));
      expect(fromNumber(natural)).toBe(BigInt(natural));
      expect(fromNumber(-natural)).toBe(u64(BigInt(-natural)));
    }),
    { seed: 1 },
  );
});

it('makes numbers of words', () => {
  fc.assert(
    fc.property(word, fc.integer({ min: -(2 ** 16), max: 2 ** 16 }), (x, distance) => {
      expect(toNumber(x)).toBe(Number(x));
      expect(numberAt(x, distance)).toBe(Number(BigInt.asIntN(64, x) + BigInt(distance)));
    }),
    { seed: 1 },
  );
});
