/**
 * Jumps of hardened code to thunks, and what counts calls: `emit_return()`, `emit_indirect_jump()`,
 * `x86_call_depth_emit_accounting()`. The bytes of the thunks themselves: ../thunks.ts.
 */
import { JMP, JMP_RM64, LFENCE, RET } from '../../x86/forms.ts';
import { RCX } from '../../x86/reg.ts';
import type { LowerContext } from './context.ts';

/** `ret`, or a jump to the return thunk. */
export function emitReturn({ asm, hardening, refs }: LowerContext): void {
  if (hardening.returnThunk !== true) {
    asm.none(RET);
    return;
  }
  asm.rel(JMP.rel32, 0);
  refs.push({ end: asm.length, after: 0, to: 'return-thunk' });
}

/** `jmp rcx`. In Linux's order lfence goes before retpolines. */
export function emitIndirectJump({ asm, hardening, refs }: LowerContext): void {
  if (hardening.lfence === true) asm.none(LFENCE);
  if (hardening.lfence === true || hardening.retpoline !== true) {
    asm.m(JMP_RM64, RCX);
    return;
  }
  asm.rel(JMP.rel32, 0);
  refs.push({ end: asm.length, after: 0, to: 'indirect-thunk-rcx' });
}

/** `sar qword gs:[rip + disp32], 5`: 65, REX.W C1 /7 ib with ModRM of rip + disp32. SDM 2A §2.2.1.6. */
const COUNT_CALL = Uint8Array.of(0x65, 0x48, 0xc1, 0x3d, 0, 0, 0, 0, 5);

/** Counts the call that follows. */
export function countCall({ asm, hardening, refs }: LowerContext): void {
  if (hardening.callDepth !== true) return;
  asm.raw(COUNT_CALL);
  refs.push({ end: asm.length - 1, after: 1, to: 'call-depth' });
}
