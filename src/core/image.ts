/**
 * An image: native code of a program, and what an engine or a report needs to know of it. Any JIT makes one.
 */
import type { Choices } from './choices.ts';
import type { CalleeRef } from './execution.ts';
import type { Trampoline } from './native.ts';
import type { PcMap } from './pc-map.ts';

/** Where an argument is when its callee starts: a register, or a word counted from [rsp + 8] upwards. */
export type ArgPlace =
  | { readonly in: 'reg'; readonly reg: number }
  | { readonly in: 'stack'; readonly index: number };

/** How arguments travel, for BPF callees and for native ones (helpers, kfuncs). Index 0 is argument 1. */
export interface ArgPlaces {
  readonly bpf: readonly ArgPlace[];
  readonly native: readonly ArgPlace[];
  /** Calls push the stack arguments of a BPF callee, which lies lower by so much. @defaultValue false */
  readonly pushed?: boolean;
}

/** A call instruction in the image. */
export interface CallSite {
  /** Slot of the BPF call. */
  readonly pc: number;
  /** Offset of the first byte after the native call: where it returns to. */
  readonly returnOffset: number;
  readonly callee: CalleeRef;
}

/** In Image.regs: the register is nowhere the JIT can tell, so it is not compared. No index of a register file. */
export const UNKNOWN_GPR = -1;

/** @defaultValue of FrameShape.fpDepth: `push rbp; mov rbp, rsp`. */
export const FP_DEPTH = 8;

/** A BPF stack outside the native frame. */
export interface PrivateStack {
  /** The subprog's r10: the address of its end. */
  readonly fp: bigint;
  /** Bytes of it. */
  readonly depth: number;
}

/** What a subprog's frame looks like while its body runs. */
export interface FrameShape {
  /**
   * Bytes from rsp at entry, where the return address is, down to fp.
   * @defaultValue FP_DEPTH
   */
  readonly fpDepth?: number;
  /** Where its BPF stack is, if it is not in the frame: `stackDepth` is 0 then, and r10 is not the frame's fp. */
  readonly privateStack?: PrivateStack;
  /** Bytes of BPF stack reserved below fp (rbp). */
  readonly stackDepth: number;
  /** Bytes from fp down to rsp. A callee's fp lies `bytes` + 8 + its own `fpDepth` below its caller's. */
  readonly bytes: number;
  /** Bytes pushed right before each call, beside arguments. @defaultValue 0 */
  readonly callBytes?: number;
  /** Callee-saved registers pushed, in order of pushing: GPR numbers. */
  readonly saved: readonly number[];
  /** Where the first of them lies, from fp; the others follow below. @defaultValue right below the BPF stack */
  readonly savedAt?: number;
  /** Bytes of the outgoing argument area. */
  readonly outgoing: number;
  /** Where its lowest word lies, from fp. @defaultValue at rsp */
  readonly outgoingAt?: number;
}

/** Memory that code refers to beside what its program has; written to as it likes, and not compared. */
export interface ImageMemory {
  readonly address: bigint;
  /** As each run finds it. */
  readonly bytes: Uint8Array;
}

/** Where an access may fault: execution goes on behind it. Offsets in the image. */
export interface Fixup {
  /** Of the instruction that may fault. */
  readonly offset: number;
  /** Where it goes on. */
  readonly resume: number;
  /** Register that is set to 0; null if it loads none. */
  readonly clear: number | null;
}

/**
 * What `bpf_throw` passes an exception callback as the place below which main's callee-saved registers were pushed:
 * main's rsp at the call that did not return, or its rbp, and so many bytes on.
 */
export interface ExceptionStack {
  readonly from: 'rsp' | 'rbp';
  readonly adjust: number;
}

/** Code behind the subprogs that they jump to, or call. */
export interface ThunkPlace {
  readonly name: string;
  readonly offset: number;
}

/** Native code of a program. Offsets count from the first byte of `code`. */
export interface Image {
  /** Name of the JIT that made it. */
  readonly jit: string;
  readonly code: Uint8Array;
  /** Address it was linked for. */
  readonly base: bigint;
  readonly entry: number;
  /** First byte of each subprog; [0] is main. */
  readonly subprogEntries: readonly number[];
  /**
   * GPR number of each BPF register r0..r10, UNKNOWN_GPR for one that is in none. Absent where the JIT does not say: then r6..r10 and what subprogs
   * pass each other are not compared.
   */
  readonly regs?: readonly number[];
  /** As far as it is known: arguments past the end of a list are not compared. */
  readonly args: ArgPlaces;
  /**
   * `own`: only main keeps psABI's promises; what subprogs keep for each other is the JIT's own affair.
   * @defaultValue `sysv`
   */
  readonly subprogAbi?: 'sysv' | 'own';
  /** rsp is a multiple of this right before each call of a helper or kfunc (psABI §3.2.2: 16). @defaultValue 8 */
  readonly callAlign?: 8 | 16;
  /** Absent where the JIT has none. */
  readonly pcMap?: PcMap;
  readonly callSites?: readonly CallSite[];
  /** The exception table. @defaultValue none */
  readonly fixups?: readonly Fixup[];
  /** Constants of the program are nowhere in its code. @defaultValue false */
  readonly isBlinded?: boolean;
  /** Ascending. @defaultValue none */
  readonly thunks?: readonly ThunkPlace[];
  /** @defaultValue none */
  readonly memory?: ImageMemory;
  /** Where tail calls enter a subprog, counted from its first byte; absent where the JIT makes none. */
  readonly tailCallOffset?: number;
  /** Absent where the JIT knows no exceptions. */
  readonly exceptionStack?: ExceptionStack;
  /** Where native code gets to main through one; absent where it calls main itself. */
  readonly trampoline?: Trampoline;
  /** Where the JIT departs from RFC 9669 on purpose. */
  readonly choices?: Choices;
  /** Absent where the JIT does not say: then values that depend on where frames lie are not compared. */
  readonly frames?: readonly FrameShape[];
}
