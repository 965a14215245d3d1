/**
 * A frame: what a subprog has for itself from its call to its exit. Frames are reused, one for each depth.
 *
 *   incoming    arguments 6..12 as its caller passed them       load  [base + 8k]  reads  incoming k-1
 *   outgoing    arguments 6..12 of the next call it makes       store [base - 8k]  writes outgoing k-1
 *   stack       MAX_STACK_BYTES below fp
 *
 * NON-SPEC: neither the RFC nor Linux defines an interpreter for stack arguments; a slot here is readable
 * exactly where Linux's verifier lets a program read it (linux 324c3ca6eed6 and its series).
 */
import { MAX_LOOPS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import type { Subprog } from '../bpf/program.ts';
import type { PendingCallback } from '../core/callback.ts';
import type { Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import { StackRegion } from './memory.ts';
import { Words } from './words.ts';

/** Frames of runs that have ended: making one costs more than what most programs do in it. */
const FREE: Frame[] = [];

/** r6..r9 */
export const CALLEE_SAVED = 4;

export class Frame {
  subprog: Subprog;
  fp: U64 = 0n;
  /** Where the native frame has its fp: the same, but for a private stack. */
  base: U64 = 0n;
  /** Slot its caller goes on at. */
  returnPc = 0;
  /** The call of a helper that called it, if one did. */
  calledBy: PendingCallback | undefined;
  /** KERNEL: times its may_gotos may still be passed, all of them together (BPF_MAX_LOOPS). */
  loops = MAX_LOOPS;
  /** Outgoing slots up to the farthest one stored since the last call. */
  stored = 0;
  readonly stack = new StackRegion();
  readonly incoming = new Words(MAX_STACK_ARGS);
  readonly outgoing = new Words(MAX_STACK_ARGS);
  /** r6..r9 while a callee runs. */
  readonly saved = new Words(CALLEE_SAVED);

  constructor(subprog: Subprog) {
    this.subprog = subprog;
  }

  /** As at the first instruction of `subprog`: everything but fp is poison. */
  reset(subprog: Subprog, { fp, base }: Pick<Frame, 'fp' | 'base'>, returnPc: number): void {
    this.subprog = subprog;
    this.fp = fp;
    this.base = base;
    this.returnPc = returnPc;
    this.calledBy = undefined;
    this.loops = MAX_LOOPS;
    this.stack.reset(fp);
    this.endCall();
  }

  /**
   * A store to an outgoing slot. On x86-64 argument 6 goes in and out through r9, so Linux wants all loads
   * of incoming slots before the first store or call: from here on `incoming` is poison.
   */
  storeOutgoing(slot: number, word: Word): void {
    this.outgoing.put(slot, word);
    this.stored = Math.max(this.stored, slot + 1);
    this.incoming.poisonAll();
  }

  /** After any call: the callee may have changed every slot, in and out. */
  endCall(): void {
    this.incoming.poisonAll();
    this.outgoing.poisonAll();
    this.stored = 0;
  }
}

/** A frame to be reset. */
export const takeFrame = (subprog: Subprog): Frame => FREE.pop() ?? new Frame(subprog);

/** Hands frames back; whoever had them looks at them no more. */
export function releaseFrames(frames: readonly Frame[]): void {
  for (const frame of frames) FREE.push(frame);
}
