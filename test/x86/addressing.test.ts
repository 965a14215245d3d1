/** Ways of writing memory operands beside `[base + disp]` with the shorter displacement, by the disassembler. */
import { describe, expect, it } from 'vitest';
import { Assembler } from '../../src/x86/assembler.ts';
import { disassembleNative } from '../../src/x86/disasm.ts';
import { ADD, CMP, MOV } from '../../src/x86/forms.ts';
import { type Gpr, R8, R14, RAX, RBP, RBX, RCX, RDI, RDX, RSI } from '../../src/x86/reg.ts';

const textOf = (emit: (asm: Assembler) => void): string => {
  const asm = new Assembler();
  emit(asm);
  const [first, ...rest] = disassembleNative(asm.bytes(), { base: 0n, syntax: 'intel' });
  expect(rest).toEqual([]);
  expect(first?.length).toBe(asm.length);
  return first?.text ?? '';
};

describe('memWide', () => {
  it.each<[Gpr, number, Gpr, string, number]>([
    [RBP, -16, RAX, 'mov rax, [rbp-0x10]', 7],
    [R14, 8, R8, 'mov r8, [r14+0x8]', 7],
    [RBP, -528, RBX, 'mov rbx, [rbp-0x210]', 7],
  ])('base %i, disp %i, reg %i: %s', (base, disp, reg, text, length) => {
    const emit = (asm: Assembler): void => asm.memWide(MOV.r64_rm64, base, disp, reg);
    expect(textOf(emit)).toBe(text);
    const asm = new Assembler();
    emit(asm);
    expect(asm.length).toBe(length);
  });
});

describe('memIndex8', () => {
  it.each<[Gpr, Gpr, number, Gpr, string]>([
    [RSI, RDX, 0x110, RCX, 'mov rcx, [rsi+rdx*8+0x110]'],
    [RBP, RDI, -8, R14, 'mov r14, [rbp+rdi*8-0x8]'],
  ])('base %i, index %i, disp %i, reg %i: %s', (base, index, disp, reg, text) => {
    expect(textOf((asm) => asm.memIndex8(MOV.r64_rm64, base, index, disp, reg))).toBe(text);
  });
});

describe('atImm', () => {
  it('has no displacement', () => {
    expect(textOf((asm) => asm.atImm(CMP.rm64_imm8, RAX, 33))).toBe('cmp qword ptr [rax], 0x21');
    expect(textOf((asm) => asm.atImm(ADD.rm64_imm8, RDI, 1))).toBe('add qword ptr [rdi], 0x1');
  });
});
