import { describe, expect, it } from 'vitest';
import { gprName, RAX, RBP, RSI } from '../../src/x86/reg.ts';

describe('gprName', () => {
  // biome-ignore format: a table
  it.each([
    [RAX, 64, 'rax'], [RAX, 32, 'eax'],  [RAX, 16, 'ax'],  [RAX, 8, 'al'],
    [RSI, 64, 'rsi'], [RSI, 32, 'esi'],  [RSI, 16, 'si'],  [RSI, 8, 'sil'],
    [RBP, 64, 'rbp'], [RBP, 32, 'ebp'],  [RBP, 16, 'bp'],  [RBP, 8, 'bpl'],
    [8,   64, 'r8'],  [8,   32, 'r8d'],  [8,   16, 'r8w'], [8,   8, 'r8b'],
    [15,  64, 'r15'], [15,  32, 'r15d'], [15,  16, 'r15w'], [15, 8, 'r15b'],
  ] as const)('of %i at %i bits is %s', (gpr, bits, want) => {
    expect(gprName(gpr, bits)).toBe(want);
  });

  it('is that of all 64 bits unless told otherwise', () => {
    expect(gprName(12)).toBe('r12');
  });

  it.each([-1, 16])('refuses %i', (gpr) => {
    expect(() => gprName(gpr)).toThrow(new RangeError(`no such register: ${gpr}`));
  });
});
