/**
 * What a run of a program yields: the same type from the reference interpreter and from an engine.
 */
import type { ChoiceName } from './choices.ts';
import type { NativeEvent } from './native.ts';
import type { U64 } from './u64.ts';

/** Why a guest could not go on. `poison` exists on the reference side only. */
export type Fault =
  | { readonly kind: 'read' | 'write' | 'fetch'; readonly address: U64; readonly size: number }
  /** A value nobody may rely on was used as an address, a condition or a result. */
  | { readonly kind: 'poison'; readonly what: string }
  /** More than 8 frames. */
  | { readonly kind: 'frames' }
  /** #DE */
  | { readonly kind: 'divide' }
  /** #UD */
  | { readonly kind: 'illegal' }
  /** int3 and other software interrupts; the vector. */
  | { readonly kind: 'interrupt'; readonly vector: number }
  /** The run stopped without reaching its end: hlt, a privileged or system instruction. */
  | { readonly kind: 'halt' }
  /** Came back to the caller with rsp somewhere else. */
  | { readonly kind: 'stack-lost'; readonly rsp: U64 };

/**
 * Whether an exception is reported at its instruction, as faults are, or after it, as are software interrupts and
 * the traps #DB, #BP and #OF. SDM 3A §6.3.1, table 6-1.
 */
export const isFaultVector = (vector: number): boolean => vector < 32 && ![1, 3, 4].includes(vector);

/** How a guest ended. Returned, never thrown. */
export type Outcome =
  /** `isUnsure`: r0 depends on what nobody promises, so it is not compared; the reference side only. */
  | { readonly kind: 'exit'; readonly r0: U64; readonly isUnsure?: true }
  /** `pc`: BPF slot if known; `rip`: native address if there is one. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly pc: number | null; readonly rip?: U64 }
  | { readonly kind: 'budget' }
  | { readonly kind: 'unsupported'; readonly what: string; readonly pc: number | null };

/** Who is called: a subprog by its index, a helper or a kfunc by its number. */
export interface CalleeRef {
  readonly kind: 'bpf' | 'helper' | 'kfunc';
  readonly id: number;
}

/** Poison: nobody may rely on this value, so it is not compared. */
export type Word = U64 | undefined;

/** r6..r9 and r10 of the frame that calls, or that is returned to. */
export type FrameRegs = readonly [Word, Word, Word, Word, Word];

/** Bytes of a BPF stack frame that may be compared; `address` is that of bytes[0], the last lies below r10. */
export interface StackBytes {
  readonly address: U64;
  readonly bytes: Uint8Array;
  /** One byte for each of `bytes`: 1 where it is poison; absent when all may be compared. */
  readonly poison?: Uint8Array;
  /**
   * Whether those from index `from` on, but for poison, are the bytes of `window` that lie `shift` further on; both are
   * whole halves of words. Absent where to look at each byte is as good.
   */
  isIn?(window: Uint32Array, shift: number, from: number): boolean;
}

/** Entering a callee, with every argument as the callee sees it at entry. */
export interface CallEvent {
  readonly kind: 'call';
  readonly callee: CalleeRef;
  /** Slot of the call instruction, where known. */
  readonly pc: number | null;
  /** Arguments 1..12; as many as the callee takes. */
  readonly args: readonly Word[];
  /** The caller's r6..r9, r10 at the call. */
  readonly regs: FrameRegs;
  /** The caller's frame at the call. */
  readonly stack: StackBytes | null;
  /** Result of a helper or a kfunc; that of a subprog is in its ReturnEvent. */
  readonly result: Word;
  /** A helper that calls functions of the program (core/callback.ts): these calls follow, and no model computes it. */
  readonly callsBack?: true;
  /** A helper of timers (core/timer.ts): no model computes its result. */
  readonly timer?: true;
  /** A kfunc that does not come back: an exception callback runs next, if anything does. */
  readonly throws?: true;
}

/** A call of a helper or a kfunc that a model computes the result of. */
export const isModelled = ({ callee, callsBack, timer, throws }: CallEvent): boolean =>
  callee.kind !== 'bpf' && callsBack !== true && timer !== true && throws !== true;

/** Leaving a subprog (main too). What timers call runs after main, and is entered from nowhere. */
export interface ReturnEvent {
  readonly kind: 'return';
  readonly subprog: number;
  readonly result: Word;
  /** r6..r9, r10 of the frame returned to; null when main returns, or what a timer calls. */
  readonly regs: FrameRegs | null;
  /** The frame that ends. */
  readonly stack: StackBytes | null;
}

export type TraceEvent = CallEvent | ReturnEvent;

/** Calls and returns in order. Past `limit` events are only counted, so that a long loop stays affordable. */
export interface Trace {
  readonly events: readonly TraceEvent[];
  /** All events, kept or not. */
  readonly total: number;
  /** By call that a model computes the result of and that was only counted: its `maskOf`. Absent: the side does not say, or there is none. */
  readonly laterMasks?: ArrayLike<number>;
}

/** Which arguments of a call are defined: bit i says that argument i + 1 is. */
export function maskOf(args: readonly Word[]): number {
  let mask = 0;
  for (let i = 0; i < args.length; i++) if (args[i] !== undefined) mask |= 1 << i;
  return mask;
}

/** A broken promise of the native ABI, seen at a call or a return; the reference side never has any. */
export interface AbiBreach {
  readonly rule:
    | 'callee-saved'
    | 'stack-pointer'
    | 'stack-alignment'
    | 'return-address'
    | 'direction-flag'
    | 'canary'
    | 'argument-register';
  /** e.g. `rbx`, `rsp`, `canary above the frame`. */
  readonly what: string;
  readonly want: U64;
  readonly got: U64;
  /** Index into the trace where it was seen. */
  readonly at: number;
}

/** One run. */
export interface Execution {
  readonly outcome: Outcome;
  /** Context memory after the run. */
  readonly memory: Uint8Array;
  /** Poisoned bytes of `memory`, as in StackBytes. */
  readonly memoryPoison?: Uint8Array;
  /** Data sections after the run, in the program's order. */
  readonly data: readonly Uint8Array[];
  readonly dataPoison?: readonly (Uint8Array | undefined)[];
  readonly trace: Trace;
  /** BPF instructions run; null where the side cannot count them. */
  readonly insns: number | null;
  readonly breaches: readonly AbiBreach[];
  /** Where native code calls the program through a trampoline: what it, and those it calls, saw of each other. */
  readonly native?: readonly NativeEvent[];
  /** The guest noted its calls by itself and was given what the reference expects of them: it can agree, no more. */
  readonly isNoted?: true;
  /** Where the reference went the judged JIT's way instead of RFC 9669's. */
  readonly choicesMet?: readonly ChoiceName[];
}

/** Of a reference that came to its exit, what a native run may count on; it hands on what it leaves just so. */
export type Expected = Pick<Execution, 'memory' | 'data' | 'trace'>;
