/**
 * Loads from any address: `do_jit()`, case BPF_PROBE_MEM. What may be of user space is not loaded (linux
 * 66e13b615a0c); what faults is passed over by the exception table.
 */
import type { LdxInsn } from '../../bpf/insn.ts';
import { USER_LIMIT, VSYSCALL_ADDR } from '../../core/layout.ts';
import { ADD, CMP, JCC, JMP, SUB, XOR } from '../../x86/forms.ts';
import { R10 } from '../../x86/reg.ts';
import { AUX, gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';
import { lowerLdx } from './memory.ts';
import { movReg64, movWide } from './move.ts';

const LIMIT = BigInt.asUintN(64, USER_LIMIT - VSYSCALL_ADDR);

/** r11 = src + off - VSYSCALL_ADDR; if it is above the limit, load, else dst = 0. */
export function lowerProbe(context: LowerContext, insn: LdxInsn): void {
  const { asm } = context;
  const dst = gprOf(insn.dst);
  movWide(asm, R10, VSYSCALL_ADDR);
  movReg64(asm, AUX, gprOf(insn.src));
  if (insn.off !== 0) asm.mi(ADD.rm64_imm32, AUX, insn.off);
  asm.mr(SUB.rm64_r64, AUX, R10);
  movWide(asm, R10, LIMIT);
  asm.mr(CMP.rm64_r64, AUX, R10);
  asm.rel(JCC.a.rel8, 0);
  const skipped = asm.length;
  asm.mr(XOR.rm32_r32, dst, dst);
  asm.rel(JMP.rel8, 0);
  asm.patch8(skipped - 1, asm.length - skipped);
  loadOrClear(context, insn);
  const { start, end } = context.faults.at(-1) as (typeof context.faults)[number];
  asm.patch8(start - 1, end - start);
}

/** The load, with its entry in the exception table. */
export function loadOrClear(context: LowerContext, insn: LdxInsn): void {
  const start = context.asm.length;
  lowerLdx(context, insn);
  context.faults.push({ start, end: context.asm.length, clear: gprOf(insn.dst) });
}
