/**
 * Division and remainder: `do_jit()`, cases DIV and MOD. x86 divides rdx:rax and answers in rax and rdx, so
 * both are kept on the stack meanwhile unless they are the destination. Zero divisors and MIN / -1 never get
 * here (rewrite.ts).
 */
import type { AluInsn } from '../../bpf/insn.ts';
import { CDQ, CQO, DIV, IDIV, MOV, POP_R64, PUSH_R64, XOR } from '../../x86/forms.ts';
import { type Gpr, RAX, RDX } from '../../x86/reg.ts';
import { AUX, gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';
import { movReg, movReg64 } from './move.ts';

export function lowerDivision(context: LowerContext, insn: AluInsn): void {
  const { asm } = context;
  const dst = gprOf(insn.dst);
  const wide = insn.width === 64;
  if (dst !== RAX) asm.o(PUSH_R64, RAX);
  if (dst !== RDX) asm.o(PUSH_R64, RDX);
  const divisor = loadDivisor(context, insn);
  if (dst !== RAX) movReg(asm, insn.width, RAX, dst);
  if (insn.op === 'div' || insn.op === 'mod') {
    asm.mr(XOR.rm32_r32, RDX, RDX);
    asm.m(wide ? DIV.rm64 : DIV.rm32, divisor);
  } else {
    asm.none(wide ? CQO : CDQ);
    asm.m(wide ? IDIV.rm64 : IDIV.rm32, divisor);
  }
  const result = insn.op === 'mod' || insn.op === 'smod' ? RDX : RAX;
  if (dst !== result) movReg(asm, insn.width, dst, result);
  if (dst !== RDX) asm.o(POP_R64, RDX);
  if (dst !== RAX) asm.o(POP_R64, RAX);
}

/** The divisor in a register that the division does not overwrite first. */
function loadDivisor({ asm }: LowerContext, insn: AluInsn): Gpr {
  if (insn.source === 'K') {
    asm.mi(MOV.rm64_imm32, AUX, insn.imm);
    return AUX;
  }
  const src = gprOf(insn.src);
  if (src !== RAX && src !== RDX) return src;
  movReg64(asm, AUX, src);
  return AUX;
}
