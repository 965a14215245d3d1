/** Tail calls through a program array: `emit_bpf_tail_call_indirect()`, `emit_bpf_tail_call_direct()`. */
import { MAX_TAIL_CALLS } from '../../bpf/calling.ts';
import { BPF_FUNC_OFFSET, MAX_ENTRIES_OFFSET, PTRS_OFFSET } from '../../core/prog-array.ts';
import type { Assembler } from '../../x86/assembler.ts';
import { ADD, CMP, JCC, JMP, MOV, POP_R64, TEST } from '../../x86/forms.ts';
import { RAX, RCX, RDX, RSI, RSP } from '../../x86/reg.ts';
import type { Frame } from '../frame.ts';
import type { LowerContext } from './context.ts';
import { moveRsp } from './frame.ts';
import { loadTailCallPointer } from './tail-call-count.ts';
import { emitIndirectJump } from './thunk.ts';

/** From the first byte of a program, past `mov rbp, rsp`: X86_TAIL_CALL_OFFSET. */
export const tailCallOffset = (endbr: boolean): number => 12 + (endbr ? 4 : 0);

/** Bytes of a place that Linux patches while programs run: X86_PATCH_SIZE. */
const PATCH_BYTES = 5;

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
  undoFrame(asm, frame);
  asm.mem(MOV.r64_rm64, RCX, BPF_FUNC_OFFSET, RCX);
  asm.mi(ADD.rm64_imm8, RCX, tailCallOffset(endbr));
  emitIndirectJump(context);
  for (const end of outs) asm.patch8(end - 1, asm.length - end);
}

/**
 * Where map and index are known: `program` is the entry as it stands, null if there is none. Linux patches two places
 * when the entry changes (`bpf_arch_poke_desc_update()`): a jump to the program, and one past it all, or a nop each.
 */
export function lowerDirectTailCall({ asm, frame, endbr, refs }: LowerContext, program: number | null): void {
  loadTailCallPointer(asm, frame);
  asm.atImm(CMP.rm64_imm8, RAX, MAX_TAIL_CALLS);
  asm.rel(JCC.ae.rel8, 0);
  const full = asm.length;
  if (program === null) asm.rel(JMP.rel32, 0);
  else asm.nops(PATCH_BYTES);
  const bypass = asm.length;
  asm.atImm(ADD.rm64_imm8, RAX, 1);
  undoFrame(asm, frame);
  if (program === null) asm.nops(PATCH_BYTES);
  else {
    asm.rel(JMP.rel32, 0);
    refs.push({ end: asm.length, after: 0, to: { subprog: program, offset: tailCallOffset(endbr) } });
  }
  asm.patch8(full - 1, asm.length - full);
  if (program === null) asm.patch32(bypass - 4, asm.length - bypass);
}

/** All but `push rbp; mov rbp, rsp`. */
function undoFrame(asm: Assembler, { outgoing, saved, stackDepth }: Frame): void {
  moveRsp(asm, ADD, outgoing);
  for (const gpr of [...saved].reverse()) asm.o(POP_R64, gpr);
  asm.o(POP_R64, RAX);
  asm.o(POP_R64, RAX);
  if (stackDepth > 0) asm.mi(ADD.rm64_imm32, RSP, stackDepth);
}
