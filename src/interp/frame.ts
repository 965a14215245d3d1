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
import { MAX_LOOPS, MAX_REG_ARGS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import type { Subprog } from '../bpf/program.ts';
import type { PendingCallback } from '../core/callback.ts';
import type { FrameRegs, StackBytes, Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import { StackRegion } from './region.ts';

/** Stacks of runs that have ended: making one costs more than what most programs do in it. */
const FREE: StackRegion[] = [];

const NONE: Word[] = [];
const NO_REGS: FrameRegs = [undefined, undefined, undefined, undefined, undefined];

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
  readonly stack = FREE.pop() ?? new StackRegion();
  /** r6..r9 and r10 while a callee runs. */
  saved = NO_REGS;
  /** All arguments it was called with, as long as those on the stack may be read. */
  #args: readonly Word[] = NONE;
  /** By slot. */
  #outgoing = NONE;
  /** The stack as it was last shown, and its version. */
  #shown: StackBytes | null = null;
  #version = -1;

  constructor(subprog: Subprog) {
    this.subprog = subprog;
  }

  /** As at the first instruction of `subprog`: everything but fp is poison. */
  reset(subprog: Subprog, fp: U64, base: U64, returnPc: number): void {
    this.subprog = subprog;
    this.fp = fp;
    this.base = base;
    this.returnPc = returnPc;
    this.calledBy = undefined;
    this.loops = MAX_LOOPS;
    this.stack.reset(fp);
    this.endCall();
  }

  /** What it is called with. */
  receive(args: readonly Word[]): void {
    if (args.length > MAX_REG_ARGS) this.#args = args;
  }

  /** Argument 6 + slot as its caller passed it. */
  incoming(slot: number): Word {
    return this.#args[MAX_REG_ARGS + slot];
  }

  /** Argument 6 + slot of the next call it makes. */
  outgoing(slot: number): Word {
    return this.#outgoing[slot];
  }

  /**
   * A store to an outgoing slot. On x86-64 argument 6 goes in and out through r9, so Linux wants all loads
   * of incoming slots before the first store or call: from here on they are poison.
   */
  storeOutgoing(slot: number, word: Word): void {
    if (this.stored === 0) this.#outgoing = new Array<Word>(MAX_STACK_ARGS);
    this.#outgoing[slot] = word;
    this.stored = Math.max(this.stored, slot + 1);
    this.#args = NONE;
  }

  /** After any call: the callee may have changed every slot, in and out. */
  endCall(): void {
    this.#args = NONE;
    this.#outgoing = NONE;
    this.stored = 0;
  }

  /** The stack as it is. */
  snapshot(): StackBytes | null {
    const { version } = this.stack;
    if (version !== this.#version) this.#shown = this.stack.snapshot();
    this.#version = version;
    return this.#shown;
  }
}

/** Hands stacks back; whoever had these frames looks at them no more. */
export function releaseFrames(frames: readonly Frame[]): void {
  for (let depth = 0; frames[depth] !== undefined; depth++) FREE.push((frames[depth] as Frame).stack);
}
