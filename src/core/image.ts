/**
 * An image: native code of a program, and what an engine or a report needs to know of it. Any JIT makes one.
 */
import type { CalleeRef } from './execution.ts';

/** Where an argument is when its callee starts: a register, or a word counted from [rsp + 8] upwards. */
export type ArgPlace =
  | { readonly in: 'reg'; readonly reg: number }
  | { readonly in: 'stack'; readonly index: number };

/** How arguments travel, for BPF callees and for native ones (helpers, kfuncs). Index 0 is argument 1. */
export interface ArgPlaces {
  readonly bpf: readonly ArgPlace[];
  readonly native: readonly ArgPlace[];
}

/** A call instruction in the image. */
export interface CallSite {
  /** Slot of the BPF call. */
  readonly pc: number;
  /** Offset of the first byte after the native call: where it returns to. */
  readonly returnOffset: number;
  readonly callee: CalleeRef;
}

/** What a subprog's frame looks like while its body runs. */
export interface FrameShape {
  /** Bytes of BPF stack reserved below fp (rbp). */
  readonly stackDepth: number;
  /** Bytes from fp down to rsp. A callee's fp lies `bytes` + 16 below its caller's. */
  readonly bytes: number;
  /** Callee-saved registers pushed, in order of pushing: GPR numbers. */
  readonly saved: readonly number[];
  /** Bytes of the outgoing argument area, at rsp. */
  readonly outgoing: number;
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
  /** GPR number of each BPF register r0..r10. */
  readonly regs: readonly number[];
  readonly args: ArgPlaces;
  /** Native offset of each BPF slot's code, ascending; absent where the JIT has none. */
  readonly pcMap?: readonly (readonly [pc: number, offset: number])[];
  readonly callSites?: readonly CallSite[];
  readonly frames?: readonly FrameShape[];
}
