/**
 * The count of tail calls: `emit_prologue_tail_call()`. Two words between BPF stack and saved registers:
 *
 *   [rbp - D - 8]    of a program: the count, if it was entered with one; else a pointer to the count
 *   [rbp - D - 16]   pointer to the count
 *
 * A program hands its successor what stands in the upper one, so that the count goes on whoever keeps it.
 */
import { MAX_TAIL_CALLS } from '../../bpf/calling.ts';
import type { Assembler } from '../../x86/assembler.ts';
import { CMP, JCC, JMP, MOV, PUSH_R64 } from '../../x86/forms.ts';
import { RAX, RBP, RSP } from '../../x86/reg.ts';
import type { Frame } from '../frame.ts';

/** Bytes of both words. */
export const TAIL_CALL_BYTES = 16;
/** Bytes of `push rax; mov rax, rsp; jmp`, and of the push it goes past. */
const COUNT_BYTES = 6;
const PUSH_BYTES = 1;

/** Pushes both words. rax: a count if it is no more than may be counted, else a pointer to one. */
export function pushTailCallWords(asm: Assembler, role: 'program' | 'function'): void {
  if (role === 'program') {
    asm.mi(CMP.rm64_imm8, RAX, MAX_TAIL_CALLS);
    asm.rel(JCC.a.rel8, COUNT_BYTES);
    asm.o(PUSH_R64, RAX);
    asm.mr(MOV.rm64_r64, RAX, RSP);
    asm.rel(JMP.rel8, PUSH_BYTES);
  }
  asm.o(PUSH_R64, RAX);
  asm.o(PUSH_R64, RAX);
}

/** rax: the pointer that a callee gets. `LOAD_TAIL_CALL_CNT_PTR()` */
export function loadTailCallPointer(asm: Assembler, { stackDepth }: Frame): void {
  asm.memWide(MOV.r64_rm64, RBP, -(stackDepth + TAIL_CALL_BYTES), RAX);
}
