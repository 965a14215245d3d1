/** Arithmetic but division and shifts: `do_jit()`, cases ADD…XOR, NEG, MUL. RFC 9669 §4.1. */
import type { AluInsn } from '../../bpf/insn.ts';
import { fitsInt8 } from '../../x86/assembler.ts';
import type { Form } from '../../x86/form.ts';
import { ADD, AND, IMUL, NEG, OR, SUB, XOR } from '../../x86/forms.ts';
import { type Gpr, RAX } from '../../x86/reg.ts';
import { gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';

interface Arithmetic {
  readonly reg: Form<'mr'>;
  readonly imm8: Form<'mi'>;
  readonly imm32: Form<'mi'>;
  readonly rax: Form<'i'>;
}

/** By width. */
interface Group {
  readonly w32: Arithmetic;
  readonly w64: Arithmetic;
}

const arithmetic = (group: typeof ADD): Group => ({
  w32: { reg: group.rm32_r32, imm8: group.rm32_imm8, imm32: group.rm32_imm32, rax: group.eax_imm32 },
  w64: { reg: group.rm64_r64, imm8: group.rm64_imm8, imm32: group.rm64_imm32, rax: group.rax_imm32 },
});

export const ARITHMETIC = {
  add: arithmetic(ADD),
  sub: arithmetic(SUB),
  and: arithmetic(AND),
  or: arithmetic(OR),
  xor: arithmetic(XOR),
};

/** Of one of the groups above. */
export function lowerArithmetic({ asm }: LowerContext, group: Group, insn: AluInsn): void {
  const forms = insn.width === 64 ? group.w64 : group.w32;
  const dst = gprOf(insn.dst);
  if (insn.source === 'X') asm.mr(forms.reg, dst, gprOf(insn.src));
  else if (fitsInt8(insn.imm)) asm.mi(forms.imm8, dst, insn.imm);
  else if (dst === RAX) asm.i(forms.rax, insn.imm);
  else asm.mi(forms.imm32, dst, insn.imm);
}

export function lowerNeg({ asm }: LowerContext, insn: AluInsn): void {
  asm.m(insn.width === 64 ? NEG.rm64 : NEG.rm32, gprOf(insn.dst));
}

export function lowerMul({ asm }: LowerContext, insn: AluInsn): void {
  const dst: Gpr = gprOf(insn.dst);
  const wide = insn.width === 64;
  if (insn.source === 'X') {
    asm.mr(wide ? IMUL.r64_rm64 : IMUL.r32_rm32, gprOf(insn.src), dst);
  } else if (fitsInt8(insn.imm)) {
    asm.mri(wide ? IMUL.r64_rm64_imm8 : IMUL.r32_rm32_imm8, dst, dst, insn.imm);
  } else {
    asm.mri(wide ? IMUL.r64_rm64_imm32 : IMUL.r32_rm32_imm32, dst, dst, insn.imm);
  }
}
