/** Stacks held against those of a guest four bytes at once: the same answer as a look at each byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/core/arena.ts';
import { StackCopy } from '../../src/core/stack-copy.ts';

const WORDS = 6;
const BYTES = 8 * WORDS;

/** Few values, so that many bytes are the same. */
const stack = fc.uint8Array({ minLength: BYTES, maxLength: BYTES, max: 2 });
const flags = fc.uint8Array({ minLength: BYTES, maxLength: BYTES, max: 1 });
const eights = (bytes: Uint8Array): BigUint64Array => new BigUint64Array(bytes.slice().buffer);

describe('a copy of a stack', () => {
  it('is in a window just where each byte that is no poison is', () => {
    const copies = new Arena();
    const places = fc.record({
      first: fc.integer({ min: 0, max: WORDS - 1 }),
      before: fc.integer({ min: 0, max: 3 }).map((halves) => 4 * halves),
      from: fc.integer({ min: 0, max: 2 * WORDS }).map((halves) => 4 * halves),
    });
    fc.assert(
      fc.property(stack, fc.option(flags), stack, places, (bytes, poison, other, { first, before, from }) => {
        const words = { words: eights(bytes), poison: poison && eights(poison) };
        const copy = new StackCopy(copies, 0x1000n, words, first);
        expect(copy.bytes).toEqual(bytes.subarray(8 * first));
        expect(copy.poison).toEqual(poison?.subarray(8 * first));

        const seen = Uint8Array.from(other, (byte, i) => (i % 3 === 0 ? byte : (bytes[i] as number)));
        const window = new Uint8Array(before + copy.bytes.length);
        window.set(seen.subarray(8 * first), before);
        const isSame = copy.bytes.every(
          (byte, i) => i < from || copy.poison?.[i] === 1 || byte === window[before + i],
        );
        expect(copy.isIn(new Uint32Array(window.buffer), before, from)).toBe(isSame);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
