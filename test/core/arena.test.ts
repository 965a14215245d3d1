/** Copies that are spared: bytes that are known already. */
import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/core/arena.ts';

const bytes = Uint8Array.of(9, 1, 2, 3, 9);

describe('copyUnless', () => {
  it('hands on what is the same', () => {
    const known = Uint8Array.of(1, 2, 3);
    expect(new Arena().copyUnless(known, bytes, 1, 4)).toBe(known);
  });

  it.each([
    ['nothing', undefined],
    ['other bytes', Uint8Array.of(1, 2, 4)],
    ['fewer', Uint8Array.of(1, 2)],
    ['more', Uint8Array.of(1, 2, 3, 9)],
  ])('copies where %s is known', (_what, known) => {
    const copy = new Arena().copyUnless(known, bytes, 1, 4);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
    expect(copy).not.toBe(known);
  });
});
