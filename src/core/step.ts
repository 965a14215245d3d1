/**
 * The state before one BPF instruction, as either side shows it: for lock-step runs. A view is live: it is
 * valid only until the side goes on.
 */
import type { StackBytes, Word } from './execution.ts';
import type { U64 } from './u64.ts';

export interface StepView {
  /** r0..r10. */
  readonly reg: (reg: number) => Word;
  /** Argument 6 + slot of the next call, as far as it is in place. */
  readonly outgoing: (slot: number) => Word;
  /** Argument 6 + slot of the running subprog, while it may be read. */
  readonly incoming: (slot: number) => Word;
  /** The running frame's BPF stack. */
  readonly stack: () => StackBytes | null;
  /** Context, then data sections. */
  readonly memory: () => readonly { readonly bytes: Uint8Array; readonly poison?: Uint8Array | undefined }[];
}

/** The reference's view says which instruction runs, and where. */
export interface ReferenceStep extends StepView {
  readonly pc: number;
  readonly subprog: number;
  /** Frames below the running one. */
  readonly depth: number;
  /** The frame's own fp: r10, but for subprogs with a private stack. */
  readonly base: U64;
}

/** The native side's view: the offset in the image that execution has come to. */
export interface NativeStep extends StepView {
  readonly offset: number;
  /** rsp, and whether the direction flag is set: what no BPF register shows. */
  readonly rsp: bigint;
  readonly directionFlag: boolean;
  /** A general-purpose register, by its number (x86/reg.ts). */
  readonly gpr: (reg: number) => U64;
  /** Eight bytes of the guest's memory; undefined where it has none. */
  readonly word: (address: U64) => Word;
}
