import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcMap, type PcRow } from '../../src/core/pc-map.ts';

const rows = fc
  .array(fc.tuple(fc.nat(8), fc.nat(20)), { maxLength: 20 })
  .map((all): PcRow[] => all.sort((a, b) => a[1] - b[1]));
const some = fc.tuple(rows, fc.nat(8), fc.integer({ min: -1, max: 21 }));

describe('PcMap', () => {
  it('gives the rows it was made of', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const map = PcMap.of(all);
        expect([...map]).toEqual(all);
        expect(map.length).toBe(all.length);
        expect(all.map((_, row) => [map.pcOf(row), map.offsetOf(row)])).toEqual(all);
      }),
      { seed: 1 },
    );
  });

  it('finds rows by slot and by offset, as a look at each does', () => {
    fc.assert(
      fc.property(some, ([all, pc, offset]) => {
        const map = PcMap.of(all);
        expect(map.startOf(pc)).toBe(all.find(([slot]) => slot === pc)?.[1]);
        expect(map.rowBefore(offset)).toBe(all.findLastIndex(([, start]) => start <= offset));
        expect(map.pcStartingAt(offset)).toBe(all.findLast(([, start]) => start === offset)?.[0]);
        expect(map.has(pc, offset)).toBe(all.some(([slot, start]) => slot === pc && start === offset));
      }),
      { seed: 1 },
    );
  });
});
