/** What a lowering works with: where to emit, the frame, the target's features. */
import type { CalleeRef } from '../../core/execution.ts';
import type { Assembler } from '../../x86/assembler.ts';
import type { Form } from '../../x86/form.ts';
import type { Gpr } from '../../x86/reg.ts';
import type { Frame } from '../frame.ts';
import type { Hardening, PendingRef } from '../hardening.ts';
import type { TailCallRole } from '../tail-calls.ts';

/** The two encodings of a jump; which one is used settles after all lengths are known (relax.ts). */
export interface JumpForms {
  readonly rel8: Form<'rel'>;
  readonly rel32: Form<'rel'>;
}

/** A `call rel32` whose displacement is filled in when all addresses are known. */
export interface PendingCall {
  /** Offset in the assembler's buffer of the byte after the call. */
  readonly end: number;
  readonly callee: CalleeRef;
}

/** An instruction that may fault: an entry of the exception table. */
export interface PendingFault {
  /** Offsets in the assembler's buffer of its first byte and of the byte after it. */
  readonly start: number;
  readonly end: number;
  /** What is set to 0 instead. */
  readonly clear: Gpr | undefined;
}

export interface LowerContext {
  /** The program, for errors. */
  readonly programName: string;
  readonly asm: Assembler;
  /** Address the image is linked for. */
  readonly base: bigint;
  readonly frame: Frame;
  readonly bmi2: boolean;
  readonly endbr: boolean;
  /** How this subprog counts tail calls. */
  readonly tailCall: TailCallRole;
  readonly hardening: Hardening;
  /** Of the exception callback: how it is entered. */
  readonly enterException?: ((asm: Assembler) => void) | undefined;
  readonly calls: PendingCall[];
  readonly refs: PendingRef[];
  readonly faults: PendingFault[];
  /** Set by a lowering that ends in a jump to the entry's target. */
  jump: JumpForms | undefined;
}
