/** Which code with bytes of a 32-bit cmpxchg need not be hooked, and which must be. */
import { describe, expect, it } from 'vitest';
import { harmlessCmpxchgs } from '../../src/emu/harmless-cmpxchg.ts';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.split(/[\s|]+/), (byte) => Number.parseInt(byte, 16));
const LOAD = '8b 02';
const BODY = '41 89 c3 | 41 21 cb';
const CMPXCHG = 'f0 44 0f b1 1a';
const AGAIN = '75 f1';

describe('a loop that loads eax before each cmpxchg', () => {
  it('is harmless, unless it is entered within', () => {
    const code = bytes(`${LOAD} | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`);
    expect(harmlessCmpxchgs(code, [])).toEqual([{ first: 1, last: 10 }]);
    expect(harmlessCmpxchgs(code, [0, 15])).not.toBeNull();
    for (const entry of [2, 5, 8]) expect(harmlessCmpxchgs(code, [entry])).toBeNull();
  });

  it.each([
    [
      'with displacements of 32 bits',
      `41 8b 82 f1 4e 00 00 | ${BODY} | f0 45 0f b1 9a f1 4e 00 00 | 0f 85 e4 ff ff ff c3`,
    ],
    ['behind other code', `31 c0 | eb 00 | ${LOAD} | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`],
  ])('is harmless %s', (_what, hex) => {
    expect(harmlessCmpxchgs(bytes(hex), [])).toHaveLength(1);
  });

  it.each([
    ['that loads 64 bits', `48 8b 02 | ${BODY} | ${CMPXCHG} | 75 f0 | c3`],
    ['that loads ecx', `8b 0a | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`],
    ['that loads r8d', `44 8b 02 | ${BODY} | ${CMPXCHG} | 75 f0 | c3`],
    ['that writes rax', `${LOAD} | 48 89 c8 | 41 21 cb | ${CMPXCHG} | ${AGAIN} | c3`],
    ['that writes memory', `${LOAD} | 41 89 03 | 41 21 cb | ${CMPXCHG} | ${AGAIN} | c3`],
    ['that computes by imm32', `${LOAD} | 41 81 e3 ff 00 00 00 | ${CMPXCHG} | 75 f0 | c3`],
    ['that goes on elsewhere', `90 | ${LOAD} | ${BODY} | ${CMPXCHG} | 75 f0 | c3`],
    ['that goes on behind it', `${LOAD} | ${BODY} | ${CMPXCHG} | 75 00 | c3`],
    ['that goes on before the code', `${LOAD} | ${BODY} | ${CMPXCHG} | 75 80 | c3`],
    ['that goes on if it succeeds', `${LOAD} | ${BODY} | ${CMPXCHG} | 74 f1 | c3`],
    ['without a lock', `${LOAD} | ${BODY} | 44 0f b1 1a | 75 f2 | c3`],
    ['at the end of the code', `${LOAD} | ${BODY} | ${CMPXCHG}`],
    ['into which a jump leads', `eb 05 | ${LOAD} | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`],
    [
      'between instructions of which a jump goes into one',
      `eb 01 | ${LOAD} | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`,
    ],
    ['beside what is no instruction', `06 | ${LOAD} | ${BODY} | ${CMPXCHG} | ${AGAIN} | c3`],
  ])('is not harmless %s', (_what, hex) => {
    expect(harmlessCmpxchgs(bytes(hex), [])).toBeNull();
  });
});

describe('bytes of a cmpxchg', () => {
  it.each([
    ['of 64 bits', 'f0 48 0f b1 0a | c3', [{ first: 1, last: 2 }]],
    ['in a constant', '48 b8 00 0f b1 0a 00 00 00 00 | c3', [{ first: 1, last: 3 }]],
    ['of two instructions', 'b0 0f | b1 0a | c3', [{ first: 1, last: 1 }]],
  ])('%s are harmless', (_what, hex, inner) => {
    expect(harmlessCmpxchgs(bytes(hex), [])).toEqual(inner);
  });

  it.each([
    ['of 32 bits', 'f0 0f b1 0a | c3'],
    ['of 32 bits, zero-extended', 'f0 0f b1 0a | 89 c0 | c3'],
    ['of 64 bits, into which a jump leads', 'eb 02 | f0 48 0f b1 0a | c3'],
  ])('%s are not', (_what, hex) => {
    expect(harmlessCmpxchgs(bytes(hex), [])).toBeNull();
  });
});
