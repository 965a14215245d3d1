import { describe, expect, it } from 'vitest';
import {
  COND_JUMP,
  EXIT_JUMP,
  GOTO_JUMP,
  isShortJump,
  NO_JUMP,
  type Unsettled,
} from '../../src/jit/relax.ts';
import { fixedOf, kernel, type Line, settle, slacks, unsettled } from './passes.ts';

const plain = (fixed: number, slots: 1 | 2 = 1): Line => ({ fixed, jump: NO_JUMP, distance: 0, slots });
const jump = (kind: number, distance: number): Line => ({ fixed: 3, jump: kind, distance, slots: 1 });

/** Bytes of entry `at` beyond its fixed ones, once settled; the kernel's addresses must be the same. */
function jumpBytes(lines: readonly Line[], at: number): number {
  const each = unsettled(lines, 12);
  const { addrs } = settle(each);
  expect([...addrs]).toEqual(kernel(each)?.addrs);
  return (addrs[at + 1] as number) - (addrs[at] as number) - fixedOf(each, at);
}

describe('isShortJump', () => {
  it('leaves room for the 4 bytes a distance can still grow by', () => {
    expect([-129, -128, 0, 123, 124].map(isShortJump)).toEqual([false, true, true, true, false]);
  });
});

describe('settle', () => {
  // biome-ignore format: a table
  it.each([
    ['condition', COND_JUMP, 6],
    ['goto',      GOTO_JUMP, 5],
    ['exit',      EXIT_JUMP, 5],
  ] as const)('gives a %s 2 bytes in [-128, 123], else its long form', (_name, kind, long) => {
    const forward = (bytes: number) => {
      // The first entry without a jump is the epilogue, which exits go to.
      const lines = [jump(kind, 2), { ...jump(COND_JUMP, 1), fixed: bytes - 2 }, plain(1)];
      return jumpBytes(lines, 0);
    };
    // Backwards it counts from its own end, and it is long to begin with.
    const backward = (bytes: number) => jumpBytes([plain(bytes - 3 - long), jump(kind, -1)], 1);
    expect([forward(123), forward(124)]).toEqual([2, long]);
    expect([backward(128), backward(129)]).toEqual([2, long]);
  });

  it('takes a goto over nothing away, but no condition, and no goto to itself', () => {
    expect(jumpBytes([jump(GOTO_JUMP, 1), plain(1)], 0)).toBe(0);
    expect(jumpBytes([jump(COND_JUMP, 1), plain(1)], 0)).toBe(2);
    expect(jumpBytes([jump(EXIT_JUMP, 0), plain(1)], 0)).toBe(2);
    expect(jumpBytes([jump(GOTO_JUMP, 0), plain(1)], 0)).toBe(2);
  });

  it('starts with the prologue and gives the end of each entry', () => {
    const settled = settle(unsettled([plain(7), jump(COND_JUMP, 1), plain(10, 2)], 30));
    expect([...settled.addrs]).toEqual([30, 37, 42, 52]);
    expect(settled.passes).toBe(2);
  });

  it('of nothing but a prologue is its length', () => {
    expect(settle(unsettled([], 64))).toEqual({ addrs: Int32Array.of(64), passes: 1 });
    expect(settle(unsettled([], 30))).toEqual({ addrs: Int32Array.of(30), passes: 2 });
  });

  it('of what is as long as it was estimated takes one pass', () => {
    expect(settle(unsettled([plain(64)], 64))).toEqual({ addrs: Int32Array.of(64, 128), passes: 1 });
    const upTo = { ...jump(COND_JUMP, 1), fixed: 62 };
    expect(settle(unsettled([upTo, plain(64)], 64))).toEqual({
      addrs: Int32Array.of(64, 128, 192),
      passes: 1,
    });
    expect(settle(unsettled([upTo, plain(60)], 64))).toEqual({
      addrs: Int32Array.of(64, 128, 188),
      passes: 2,
    });
  });

  it('knows the distance of a goto to itself, whatever the code before it shrinks by', () => {
    const before = Array.from({ length: 10 }, () => plain(5));
    expect(settle(unsettled([...before, { ...jump(GOTO_JUMP, 0), fixed: 0 }], 12)).passes).toBe(2);
  });

  it('estimates 64 bytes a slot at first: wide instructions count twice', () => {
    // After the first pass the jump over 62 slots is long yet, or short at once: the number of passes tells.
    const passes = (slots: 1 | 2) =>
      settle(unsettled([jump(COND_JUMP, 2), plain(4, slots), plain(1)], 12)).passes;
    expect([passes(1), passes(2)]).toEqual([2, 3]);
  });

  it('asks the distance it is given', () => {
    const asked: number[] = [];
    const far = (_code: Unsettled, _addrs: Int32Array, i: number) => {
      asked.push(i);
      return 1000;
    };
    const { addrs } = settle(unsettled([jump(GOTO_JUMP, 1), plain(1), jump(COND_JUMP, 1)], 12), far);
    expect([...addrs]).toEqual([12, 20, 21, 30]);
    expect(new Set(asked)).toEqual(new Set([0, 2]));
  });

  it.each([10, 20, 1_000])('stops a chain of %i jumps, each waiting for the next, by padding', (links) => {
    // Each jump covers 124 bytes while the next one is long, and 120 once it is short: one gives way a pass.
    const lines: Line[] = [];
    for (let k = 0; k < links; k++) {
      lines.push({ fixed: 2, jump: COND_JUMP, distance: 2, slots: 1 });
      lines.push({ fixed: 116, jump: NO_JUMP, distance: 0, slots: 1 });
    }
    lines.push({ fixed: 2, jump: NO_JUMP, distance: 0, slots: 1 });
    const each = unsettled(lines, 12);
    // Jump k goes behind jump k + 1.
    for (let k = 0; k < links; k++) each.target[2 * k] = Math.min(2 * k + 3, lines.length - 1);
    const settled = settle(each);
    const want = kernel(each);
    expect(settled.passes).toBeLessThanOrEqual(18);
    if (want !== undefined) {
      expect([...settled.addrs]).toEqual(want.addrs);
      // From pass 15 on nothing shrinks.
      for (let pass = 16; pass < want.history.length; pass++) {
        want.history[pass]?.forEach((length, i) => {
          expect(length).toBeGreaterThanOrEqual(want.history[pass - 1]?.[i] ?? 0);
        });
      }
    }
    const padded = slacks(each, settled).filter((bytes) => bytes > 0);
    expect(padded.length > 0).toBe(links > 15);
    expect(new Set(padded)).toEqual(new Set(links > 15 ? [4] : []));
  });
});
