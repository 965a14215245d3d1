import { expect, it } from 'vitest';
import { atEntry, clobberedArg, clobberedReg, unwritten } from '../../../src/core/junk.ts';
import { apart, should } from '../../../src/report/explain/hints.ts';

it.each([
  [0xffff_ffff_8000_0000n, 0x8000_0000n, '0x80000000 (cut to 32 bits), should be 0xffffffff80000000'],
  [
    0x8000_0000n,
    0xffff_ffff_8000_0000n,
    '0xffffffff80000000 (its low 32 bits, sign-extended), should be 0x80000000',
  ],
  [0x1n, 0x5_0000_0001n, '0x500000001 (the upper 32 bits are wrong), should be 0x1'],
  [0x1n, unwritten(0x1238), '0x57accafe00001238 (never written), should be 0x1'],
  [0x1n, atEntry(13), "0x1a7e0e0e0e0e0e0e (r13's value on entry), should be 0x1"],
  [0x1n, clobberedReg(11), '0xc10bbe4ed000000b (left by a call), should be 0x1'],
  [0x1n, clobberedArg(12), '0xc10bbe4ed000010b (left by a call), should be 0x1'],
  [0x1n, 0x2n, '0x2, should be 0x1'],
])('%#: says what a wrong value is like', (want, got, text) => {
  expect(should(want, got)).toBe(text);
});

it('says whose a wrong value is, if it is that of one place alone and not zero', () => {
  const others = new Map([
    ['r1', 1n],
    ['r2', 2n],
    ['r3', 2n],
    ['r4', 0n],
  ]);
  expect(should(9n, 1n, others)).toBe("0x1 (r1's value), should be 0x9");
  expect(should(9n, 2n, others)).toBe('0x2, should be 0x9');
  expect(should(9n, 0n, others)).toBe('0x0, should be 0x9');
});

it('gives the distance of pointers into one frame', () => {
  expect(apart(0x7ffe_0010n, 0x7ffe_0008n)).toBe('8 bytes too low');
  expect(apart(0x7ffe_0010n, 0x7ffe_0028n)).toBe('24 bytes too high');
  expect(apart(0x7ffe_0010n, 0x10n)).toBe('0x10, should be 0x7ffe0010');
});
