import { describe, expect, it } from 'vitest';
import { gprOf, REG_AX } from '../../src/jit/regmap.ts';
import { gprName } from '../../src/x86/reg.ts';

describe('gprOf', () => {
  it("is Linux's reg2hex[]", () => {
    const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, REG_AX].map((reg) => gprName(gprOf(reg)));
    expect(names.join(' ')).toBe('rax rdi rsi rdx rcx r8 rbx r13 r14 r15 rbp r10');
  });

  it.each([-1, 11, 12, 15])('has none for r%i', (reg) => {
    expect(() => gprOf(reg)).toThrow(new RangeError(`r${reg} has no native register`));
  });
});
