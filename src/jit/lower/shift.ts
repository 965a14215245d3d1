/**
 * Shifts: `do_jit()`, cases LSH, RSH, ARSH. The CPU masks the count to 5 or 6 bits, as RFC 9669 §4.1 wants.
 * By register: BMI2's three-operand shifts, else through cl.
 */
import type { AluInsn } from '../../bpf/insn.ts';
import type { Form } from '../../x86/form.ts';
import { POP_R64, PUSH_R64, SAR, SARX, SHL, SHLX, SHR, SHRX } from '../../x86/forms.ts';
import { RCX } from '../../x86/reg.ts';
import { AUX, gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';
import { movReg64 } from './move.ts';

interface Shift {
  readonly byOne: Form<'m'>;
  readonly byImm: Form<'mi'>;
  readonly byCl: Form<'m'>;
  readonly byReg: Form<'vex'>;
}

/** By width. */
interface Group {
  readonly w32: Shift;
  readonly w64: Shift;
}

const shift = (group: typeof SHL, bmi2: typeof SHLX): Group => ({
  w32: { byOne: group.rm32_1, byImm: group.rm32_imm8, byCl: group.rm32_cl, byReg: bmi2.r32 },
  w64: { byOne: group.rm64_1, byImm: group.rm64_imm8, byCl: group.rm64_cl, byReg: bmi2.r64 },
});

export const SHIFTS = { lsh: shift(SHL, SHLX), rsh: shift(SHR, SHRX), arsh: shift(SAR, SARX) };

/** Of one of the groups above. */
export function lowerShift(context: LowerContext, group: Group, insn: AluInsn): void {
  const { asm, bmi2 } = context;
  const forms = insn.width === 64 ? group.w64 : group.w32;
  const dst = gprOf(insn.dst);
  if (insn.source === 'K') {
    if (insn.imm === 1) asm.m(forms.byOne, dst);
    else asm.mi(forms.byImm, dst, insn.imm);
    return;
  }
  const src = gprOf(insn.src);
  if (src === RCX) asm.m(forms.byCl, dst);
  else if (bmi2) asm.vex(forms.byReg, dst, dst, src);
  else if (dst === RCX) {
    movReg64(asm, AUX, dst);
    movReg64(asm, RCX, src);
    asm.m(forms.byCl, AUX);
    movReg64(asm, dst, AUX);
  } else {
    asm.o(PUSH_R64, RCX);
    movReg64(asm, RCX, src);
    asm.m(forms.byCl, dst);
    asm.o(POP_R64, RCX);
  }
}
