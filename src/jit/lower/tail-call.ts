/** Tail calls through a program array: `emit_bpf_tail_call_indirect()`. */
import { MAX_TAIL_CALLS } from '../../bpf/calling.ts';
import { BPF_FUNC_OFFSET, MAX_ENTRIES_OFFSET, PTRS_OFFSET } from '../../core/prog-array.ts';
import { ADD, CMP, JCC, MOV, POP_R64, TEST } from '../../x86/forms.ts';
import { RAX, RCX, RDX, RSI, RSP } from '../../x86/reg.ts';
import type { LowerContext } from './context.ts';
import { moveRsp } from './frame.ts';
import { loadTailCallPointer } from './tail-call-count.ts';
import { emitIndirectJump } from './thunk.ts';

/** From the first byte of a program, past `mov rbp, rsp`: X86_TAIL_CALL_OFFSET. */
export const tailCallOffset = (endbr: boolean): number => 12 + (endbr ? 4 : 0);

/** r1 context, r2 program array, r3 index. Goes on behind it if there is no such program, or the count is full. */
export function lowerTailCall(context: LowerContext): void {
  const { asm, frame, endbr } = context;
  const outs: number[] = [];
  const toOut = (form: typeof JCC.e.rel8): void => {
    asm.rel(form, 0);
    outs.push(asm.length);
  };
  asm.mr(MOV.rm32_r32, RDX, RDX);
  asm.mem(CMP.rm32_r32, RSI, MAX_ENTRIES_OFFSET, RDX);
  toOut(JCC.be.rel8);
  loadTailCallPointer(asm, frame);
  asm.atImm(CMP.rm64_imm8, RAX, MAX_TAIL_CALLS);
  toOut(JCC.ae.rel8);
  asm.memIndex8(MOV.r64_rm64, RSI, RDX, PTRS_OFFSET, RCX);
  asm.mr(TEST.rm64_r64, RCX, RCX);
  toOut(JCC.e.rel8);
  asm.atImm(ADD.rm64_imm8, RAX, 1);
  moveRsp(asm, ADD, frame.outgoing);
  for (const gpr of [...frame.saved].reverse()) asm.o(POP_R64, gpr);
  asm.o(POP_R64, RAX);
  asm.o(POP_R64, RAX);
  if (frame.stackDepth > 0) asm.mi(ADD.rm64_imm32, RSP, frame.stackDepth);
  asm.mem(MOV.r64_rm64, RCX, BPF_FUNC_OFFSET, RCX);
  asm.mi(ADD.rm64_imm8, RCX, tailCallOffset(endbr));
  emitIndirectJump(context);
  for (const end of outs) asm.patch8(end - 1, asm.length - end);
}
