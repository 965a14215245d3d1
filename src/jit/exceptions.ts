/**
 * Exceptions, as Linux compiles them (linux f18b03fabaa9, 18a37465b0ab). The main subprog of a program that throws is
 * a boundary: it saves all callee-saved registers, r12 first, whatever it uses. The exception callback is entered with
 * the cookie in rdi, the place below which they were pushed in rsi and rbp of the boundary in rdx: it gives the
 * registers back, drops the frame, and goes on in a new one at the same place, as if main had jumped to it.
 */
import { isThrow } from '../bpf/exceptions.ts';
import type { Program } from '../bpf/program.ts';
import type { ExceptionStack } from '../core/image.ts';
import type { Assembler } from '../x86/assembler.ts';
import { MOV, POP_R64 } from '../x86/forms.ts';
import { type Gpr, R12, R13, R14, R15, RBP, RBX, RDX, RSI, RSP } from '../x86/reg.ts';
import type { Frame } from './frame.ts';

/** What of exceptions a target may do otherwise. */
export interface ExceptionParts {
  /** Registers a boundary saves, in order of pushing; the callback gives them back in the other order. */
  readonly saved: readonly Gpr[];
  /** Takes the place of `push rbp; mov rbp, rsp` in the callback. */
  readonly enter: (asm: Assembler, saved: readonly Gpr[]) => void;
  /** aux->stack_arg_sp_adjust; `boundary`: the frame of main. */
  readonly stackOf: (boundary: Frame) => ExceptionStack;
}

function enter(asm: Assembler, saved: readonly Gpr[]): void {
  asm.mr(MOV.rm64_r64, RSP, RSI);
  asm.mr(MOV.rm64_r64, RBP, RDX);
  for (const gpr of saved.toReversed()) asm.o(POP_R64, gpr);
  asm.mr(MOV.rm64_r64, RSP, RBP);
}

/** Where outgoing arguments lie below the saved registers, and a call pushes nothing. */
export const EXCEPTIONS: ExceptionParts = {
  saved: [R12, RBX, R13, R14, R15],
  enter,
  stackOf: ({ outgoing }) => ({ from: 'rsp', adjust: outgoing }),
};

/** Where calls push arguments, so that rsp at one says nothing: by rbp. */
export const EXCEPTIONS_BY_FP: ExceptionParts = {
  ...EXCEPTIONS,
  stackOf: ({ bytes }) => ({ from: 'rbp', adjust: -bytes }),
};

/** Whether some call of the program throws. */
export const throws = (program: Program): boolean =>
  program.exceptionCallback !== undefined &&
  program.insns.some((insn) => insn?.kind === 'call' && isThrow(program, insn));
