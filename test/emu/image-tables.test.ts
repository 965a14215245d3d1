/** Calls are found by where they return to, in images with few of them and with many. */
import { describe, expect, it } from 'vitest';
import { CODE_BASE } from '../../src/core/layout.ts';
import { imageTables } from '../../src/emu/image-tables.ts';
import { imageOf, KFUNC, subjectOf } from '../kit/images.ts';

const BASE = Number(CODE_BASE);
const sitesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ pc: 3 * i, returnOffset: 5 * i + 5, callee: KFUNC }));

describe('slots of calls', () => {
  it.each([1, 32, 33, 200])('are found by their return addresses: %i calls', (count) => {
    const callSites = sitesOf(count);
    const tables = imageTables(imageOf([], { base: CODE_BASE, callSites }), subjectOf());
    for (const { pc, returnOffset } of callSites) expect(tables.callPc(BASE + returnOffset)).toBe(pc);
    for (const nowhere of [BASE, BASE + 6, BASE + 5 * count + 5, Number.NaN])
      expect(tables.callPc(nowhere)).toBeNull();
  });

  it('are not known of an image that does not say', () => {
    expect(imageTables(imageOf([]), subjectOf()).callPc(BASE + 5)).toBeNull();
  });
});
