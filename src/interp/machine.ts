/**
 * The state of a run: registers, frames, memory, the program counter; and the words for how a run ends.
 * The families of instructions (alu, jump, load-store, atomic, call) work on it.
 *
 * Roles of the registers: linux Documentation/bpf/standardization/abi.rst. Poison is NON-SPEC: it marks what
 * Linux's verifier would not let a program read.
 */
import { MAX_CALL_FRAMES, MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R0, R1, R2, R6, R10, type Reg } from '../bpf/reg.ts';
import { CALLBACK_BYTES, type PendingCallback } from '../core/callback.ts';
import type { ChoiceName } from '../core/choices.ts';
import type { Env, FramePlacement } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { Fault, FrameRegs, Outcome, Word } from '../core/execution.ts';
import { FP_DEPTH } from '../core/image.ts';
import { CODE_BASE, CTX_BASE, MAIN_FP } from '../core/layout.ts';
import type { Timers } from '../core/timer.ts';
import { fromNumber, hex, toNumber, type U64, u64 } from '../core/u64.ts';
import { Frame, releaseFrames } from './frame.ts';
import { Memory } from './memory.ts';
import { Registers } from './registers.ts';
import { TraceRecorder } from './trace.ts';

/** Bytes of a return address. */
const RETURN_ADDRESS_BYTES = 8;

/** Bytes from one function to the next, where nobody says where they lie. */
const FUNCTION_STRIDE = 16;

/** Each frame has all of its MAX_STACK_BYTES to itself. */
export const DEFAULT_PLACEMENT: FramePlacement = { mainFp: MAIN_FP, frameBytes: () => MAX_STACK_BYTES };

export class Machine {
  readonly program: Program;
  readonly env: Env;
  readonly memory: Memory;
  readonly trace: TraceRecorder;
  readonly regs = new Registers();
  /** Ways of the judged JIT that were gone. */
  choicesMet: Set<ChoiceName> | undefined;
  /** Slot of the instruction that runs, and of the one after it. */
  pc = 0;
  next = 0;
  /** The innermost frame, and its depth: 0 for main's. */
  frame: Frame;
  depth = 0;
  /** Tail calls so far. */
  tailCalls = 0;
  /** Made for the first one. */
  timers: Timers | undefined;
  /** How main ended, where what timers call runs after it. */
  end: Outcome | undefined;
  readonly #placement: FramePlacement;
  /** By depth; those beyond `depth` wait to be used again. */
  readonly frames = new Array<Frame>(MAX_CALL_FRAMES);

  /** As at the first instruction of main. */
  constructor(program: Program, env: Env, placement: FramePlacement, traceLimit: number) {
    const main = program.subprogs[0];
    if (main === undefined) throw badInput('interpret', program.name, 'it has no subprogs');
    const mainFp = u64(placement.mainFp);
    if (toNumber(mainFp) > Number.MAX_SAFE_INTEGER) {
      throw badInput('interpret', 'placement.mainFp', `${hex(mainFp)} is not below 2^53`);
    }
    this.program = program;
    this.env = env;
    const { memory, native } = env.input;
    this.memory = new Memory(memory, program.data, native?.address);
    this.trace = new TraceRecorder(traceLimit);
    this.#placement = placement;
    this.frame = new Frame(main);
    this.frames[0] = this.frame;
    this.#start(main, mainFp, 0);
    this.regs.set(R1, u64(native?.pointer ?? (memory.length > 0 ? CTX_BASE : 0n)));
    if (native === undefined) this.regs.set(R2, fromNumber(memory.length));
  }

  /** base + off, wrapped to 64 bits. */
  address(base: Reg, off: number): U64 {
    return u64(this.regs.value(base) + BigInt(off));
  }

  /** The same as a number: it names the same byte of memory, for all memory lies below 2^53. */
  place(base: Reg, off: number): number {
    return this.regs.plus(base, off);
  }

  /** Sets a register. Every write of an instruction goes through here or `writePoison`. */
  write(reg: Reg, value: U64): Outcome | undefined {
    // abi.rst: R10 is a read-only frame pointer. There are none beyond it.
    if (reg >= R10) return this.unsupported(`write to r${reg}`);
    this.regs.set(reg, value);
    return undefined;
  }

  writePoison(reg: Reg): Outcome | undefined {
    if (reg >= R10) return this.unsupported(`write to r${reg}`);
    this.regs.poison(reg);
    return undefined;
  }

  /** Sets a register to a value, or to poison. */
  writeWord(reg: Reg, word: Word): Outcome | undefined {
    return word === undefined ? this.writePoison(reg) : this.write(reg, word);
  }

  /**
   * Starts a subprog in a frame of its own. abi.rst: R6..R9 are callee-saved, so the caller's are kept.
   * KERNEL: the callee may read none of r0, r6..r9 before it writes them. `saved`: the caller's registers, as
   * `ofFrame` of registers has them. `calledBy`: the call of a helper that calls it.
   */
  enter(subprog: Subprog, saved: FrameRegs, calledBy?: PendingCallback): void {
    const caller = this.frame;
    caller.saved = saved;
    const placement = this.#placement;
    const to = subprog.index;
    const between = calledBy === undefined ? 0 : (placement.callbackBytes ?? CALLBACK_BYTES);
    const own = RETURN_ADDRESS_BYTES + (placement.fpDepth?.(to) ?? FP_DEPTH);
    const below = placement.frameBytes(caller.subprog.index, to) + between + own;
    this.depth++;
    this.frame = this.frames[this.depth] ?? new Frame(subprog);
    this.frames[this.depth] = this.frame;
    this.#start(subprog, u64(caller.base - fromNumber(below)), this.next);
    this.frame.calledBy = calledBy;
  }

  /** Address of a function of the program. */
  entryOf(subprog: number): U64 {
    return u64(this.#placement.entryOf?.(subprog) ?? CODE_BASE + BigInt(FUNCTION_STRIDE * subprog));
  }

  /** Ends the innermost frame, which is not main's. */
  leave(): void {
    this.memory.popStack();
    this.next = this.frame.returnPc;
    this.depth--;
    this.frame = this.frames[this.depth] as Frame;
    this.regs.putOfFrame(this.frame.saved);
  }

  /** Starts another program in the place of the innermost function: r1 is all it gets. */
  replace(index: number): void {
    const subprog = this.program.subprogs[index] as Subprog;
    const { frame } = this;
    const depthOf = (of: number): number => this.#placement.fpDepth?.(of) ?? FP_DEPTH;
    const fp = frame.base + BigInt(depthOf(frame.subprog.index) - depthOf(index));
    this.memory.popStack();
    this.#start(subprog, u64(fp), frame.returnPc);
    for (let reg = R2; reg < R6; reg++) this.regs.poison(reg);
  }

  /** Ends all frames but main's, in the place of which the exception callback starts. */
  unwind(callback: number, cookie: U64): void {
    for (; this.depth > 0; this.depth--) {
      this.memory.popStack();
      this.frame = this.frames[this.depth - 1] as Frame;
    }
    this.replace(callback);
    this.regs.set(R1, cookie);
  }

  #start(subprog: Subprog, base: U64, returnPc: number): void {
    const own = this.#placement.privateFp?.(subprog.index);
    const fp = own === undefined ? base : u64(own);
    this.frame.reset(subprog, fp, base, returnPc);
    this.memory.pushStack(this.frame.stack);
    this.regs.poison(R0);
    for (let reg = R6; reg < R10; reg++) this.regs.poison(reg);
    this.regs.set(R10, fp);
    this.next = subprog.start;
  }

  /** Ends its use: other runs may have the stacks of its frames. */
  release(): void {
    releaseFrames(this.frames);
  }

  fault(fault: Fault): Outcome {
    return { kind: 'fault', fault, pc: this.pc };
  }

  /** `use` completes `r3 as …`. */
  poisoned(reg: Reg, use: string): Outcome {
    return this.fault({ kind: 'poison', what: `r${reg} as ${use}` });
  }

  unsupported(what: string): Outcome {
    return { kind: 'unsupported', what, pc: this.pc };
  }
}
