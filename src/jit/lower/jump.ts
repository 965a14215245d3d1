/** Conditional jumps: the comparison, and which condition decides. `do_jit()`, emit_cond_jmp. RFC 9669 §4.3. */
import type { JccInsn } from '../../bpf/insn.ts';
import type { JumpOp } from '../../bpf/jump.ts';
import { fitsInt8 } from '../../x86/assembler.ts';
import { CMP, JCC, JMP, TEST } from '../../x86/forms.ts';
import { gprOf } from '../regmap.ts';
import type { JumpForms, LowerContext } from './context.ts';

// biome-ignore format: a table
const CONDITIONS: Readonly<Record<JumpOp, JumpForms>> = {
  jeq: JCC.e, jne: JCC.ne, jset: JCC.ne,
  jgt: JCC.a, jge: JCC.ae, jlt: JCC.b, jle: JCC.be,
  jsgt: JCC.g, jsge: JCC.ge, jslt: JCC.l, jsle: JCC.le,
};

/** The unconditional jump. */
export const GOTO: JumpForms = JMP;

export function lowerJcc(context: LowerContext, insn: JccInsn): void {
  compare(context, insn);
  context.jump = CONDITIONS[insn.op];
}

function compare({ asm }: LowerContext, insn: JccInsn): void {
  const wide = insn.width === 64;
  const dst = gprOf(insn.dst);
  if (insn.source === 'X') {
    if (insn.op === 'jset') asm.mr(wide ? TEST.rm64_r64 : TEST.rm32_r32, dst, gprOf(insn.src));
    else asm.mr(wide ? CMP.rm64_r64 : CMP.rm32_r32, dst, gprOf(insn.src));
  } else if (insn.op === 'jset') asm.mi(wide ? TEST.rm64_imm32 : TEST.rm32_imm32, dst, insn.imm);
  else if (insn.imm === 0) asm.mr(wide ? TEST.rm64_r64 : TEST.rm32_r32, dst, dst);
  else if (fitsInt8(insn.imm)) asm.mi(wide ? CMP.rm64_imm8 : CMP.rm32_imm8, dst, insn.imm);
  else asm.mi(wide ? CMP.rm64_imm32 : CMP.rm32_imm32, dst, insn.imm);
}
