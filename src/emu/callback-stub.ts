/**
 * Native code of helpers that call functions of the program (core/callback.ts): enters the function whose address the
 * host puts into rax at `next`, until that is 0. It keeps all callee-saved registers, so that the host can give the
 * function others of its own to keep. And the way into what timers call (core/timer.ts), whose address is in r11: an
 * address that is none is then the guest's fault.
 */
import { CALLBACK_BASE } from '../core/layout.ts';
import { Assembler } from '../x86/assembler.ts';
import { CALL_RM64, JCC, JMP, JMP_RM64, POP_R64, PUSH_R64, RET, TEST } from '../x86/forms.ts';
import { type Gpr, R11, RAX, RCX } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';

/** The last one for the 16 bytes that psABI §3.2.2 wants rsp to be a multiple of. */
const PUSHED: readonly Gpr[] = [...CALLEE_SAVED, RCX];
const RELEASED: readonly Gpr[] = [RCX, ...[...CALLEE_SAVED].reverse()];
const SHORT_JUMP_BYTES = 2;
const LONG_JUMP_BYTES = 5;

export interface CallbackStub {
  readonly code: Uint8Array;
  /** Where the host says what is called next, and where it gives the result. */
  readonly next: number;
  readonly done: number;
  /** Where what timers call is entered by way of. */
  readonly timer: number;
}

/** At CALLBACK_BASE, in all guests the same. */
export const CALLBACK_STUB: CallbackStub = assembleStub();

function assembleStub(): CallbackStub {
  const asm = new Assembler(64);
  for (const gpr of PUSHED) asm.o(PUSH_R64, gpr);
  // Watched places are where blocks begin.
  asm.rel(JMP.rel8, 0);
  const next = asm.length;
  asm.mr(TEST.rm64_r64, RAX, RAX);
  asm.rel(JCC.e.rel8, 0);
  const out = asm.length;
  asm.m(CALL_RM64, RAX);
  // Where the function returns to is watched; a jump there would have to be stepped over (silicon/breakpoints.ts).
  asm.nops(1);
  asm.rel(JMP.rel8, next - asm.length - SHORT_JUMP_BYTES);
  const done = asm.length;
  asm.patch8(out - 1, done - out);
  for (const gpr of RELEASED) asm.o(POP_R64, gpr);
  asm.none(RET);
  const timer = asm.length;
  asm.m(JMP_RM64, R11);
  const at = (offset: number): number => Number(CALLBACK_BASE) + offset;
  return { code: asm.copy(), next: at(next), done: at(done), timer: at(timer) };
}

/** What stands at the address of such a helper. */
export function jumpToStub(address: number): Uint8Array {
  const asm = new Assembler(8);
  asm.rel(JMP.rel32, Number(CALLBACK_BASE) - address - LONG_JUMP_BYTES);
  return asm.copy();
}
