/**
 * Watches a running image: sees each subprog entered, each return and each call of a helper or a kfunc, builds
 * the trace of it, and answers for the callees.
 *
 * A subprog's entry and a callee's stub are watched from the start, a return address from when it is first
 * pushed. A block at the innermost frame's return address is its return if rsp is above that frame; below, it
 * is the frame's own code, which may be the same when it recurses.
 */
import { type Env, secondWord } from '../core/env.ts';
import type { AbiBreach, FrameRegs, StackBytes, Trace, TraceEvent, Word } from '../core/execution.ts';
import { type ArgPlace, FP_DEPTH } from '../core/image.ts';
import { clobberedArg } from '../core/junk.ts';
import type { NativePlace } from '../core/native.ts';
import { timerArgs } from '../core/timer.ts';
import { type U64, u64 } from '../core/u64.ts';
import { RDX, RSP } from '../x86/reg.ts';
import type { Answers } from './answers.ts';
import { CallbackCalls } from './callback-calls.ts';
import { argCount, defined, runModel } from './callee-model.ts';
import { clobberRegisters } from './clobber.ts';
import type { Cpu } from './engine.ts';
import type { TrackedMemory } from './guest-memory.ts';
import type { ImageTables } from './image-tables.ts';
import type { NativeCallee, RunImageOptions } from './native-subject.ts';
import { NativeWatch } from './native-watch.ts';
import { type OpenFrame, ShadowStack } from './shadow-stack.ts';
import { TimerCalls } from './timer-calls.ts';
import { enterCallback } from './unwind.ts';

const RAX = 0;
/** What a callee leaves in the words of arguments. */
const CLOBBERED_WORDS = Array.from({ length: 12 }, (_, i) => clobberedArg(i + 1));
/** In the place of a subprog: the frames of native code and its trampoline. */
const NATIVE_FRAME = -1;
/** And of a helper that calls back. */
const HELPER_FRAME = -2;
/** And of what a timer calls, where that is no function. */
const NO_FUNCTION = -3;
const TRACE_LIMIT = 100_000;
const BREACH_LIMIT = 64;
const MAX_REG_ARGS = 5;
/** Between subprogs that keep what they keep in ways of their own. */
const NO_REGS: FrameRegs = [undefined, undefined, undefined, undefined, undefined];

export interface TrackerOptions extends RunImageOptions {
  /** Register file to work in: one run's trackers take turns. */
  readonly regs: BigUint64Array;
  /** What the reference's models gave. */
  readonly answers: Answers;
}

export class CallTracker {
  readonly #tables: ImageTables;
  readonly #env: Env;
  readonly #memory: TrackedMemory;
  readonly #options: TrackerOptions;
  readonly #traceLimit: number;
  readonly #events: TraceEvent[] = [];
  readonly #shadow: ShadowStack;
  readonly #regs: BigUint64Array;
  /** Where native code has called. */
  readonly native: NativeWatch | undefined;
  #total = 0;
  #calleeCalls = 0;
  readonly #callbacks: CallbackCalls;
  readonly #timers: TimerCalls;

  constructor(tables: ImageTables, env: Env, memory: TrackedMemory, options: TrackerOptions) {
    this.#tables = tables;
    this.#env = env;
    this.#memory = memory;
    this.#options = options;
    this.#regs = options.regs;
    this.#traceLimit = options.traceLimit ?? TRACE_LIMIT;
    this.#shadow = new ShadowStack((address) => memory.read(address, 8), BREACH_LIMIT);
    this.#callbacks = new CallbackCalls(tables.data);
    this.#timers = new TimerCalls(tables.data);
    const { native } = env.input;
    if (native !== undefined) this.native = new NativeWatch(native, env.input.memory.length, memory);
  }

  get trace(): Trace {
    return { events: this.#events, total: this.#total };
  }

  get breaches(): readonly AbiBreach[] {
    return this.#shadow.breaches;
  }

  /** Of the innermost frame. */
  get returnAddress(): U64 | undefined {
    return this.#shadow.top?.returnAddress;
  }

  /** Main, or a trampoline's caller, is about to be entered with these registers, its return address on the stack. */
  start(regs: BigUint64Array, returnAddress: U64): void {
    this.#shadow.enter(this.native === undefined ? 0 : NATIVE_FRAME, returnAddress, regs);
  }

  /** All has returned: what a timer calls is about to be entered, with these registers it sets; false if nothing is left. */
  startTimer(regs: BigUint64Array, returnAddress: U64): boolean {
    const { targets, nativeArgs, bpfArgs, subprogArgs } = this.#tables;
    const rsp = regs[RSP] ?? 0n;
    const address = this.#timers.next(regs, nativeArgs);
    if (address === undefined) return false;
    regs[RSP] = rsp;
    this.#regs.set(regs);
    const target = targets.get(Number(address));
    const subprog = target?.kind === 'subprog' ? target.subprog : NO_FUNCTION;
    if (subprog !== NO_FUNCTION)
      this.#record(() => ({
        ...{ kind: 'call', callee: { kind: 'bpf', id: subprog }, pc: null },
        ...{ args: this.#args(bpfArgs, subprogArgs[subprog] ?? MAX_REG_ARGS), regs: NO_REGS },
        ...{ stack: null, result: undefined },
      }));
    this.#shadow.enter(subprog, returnAddress, regs);
    return true;
  }

  /** The engine's watcher. */
  onBlock(address: number, cpu: Cpu): void {
    const regs = this.#regs;
    cpu.readRegs(regs);
    const rsp = regs[RSP] ?? 0n;
    const top = this.#shadow.top;
    if (top !== undefined && rsp > top.rsp && BigInt(address) === top.returnAddress) this.#onReturn(rsp);
    const target = this.#tables.targets.get(address);
    if (target === undefined) return;
    if (target.kind === 'native') this.#onNative(target.at, cpu);
    else if (target.kind === 'callback') this.#onCallback(target.at, cpu);
    else if (target.kind === 'callee' && target.callee.callsBack === true) this.#onCallingBack(target.callee);
    else if (target.kind === 'callee') this.#onCallee(target.callee, cpu);
    else if (target.kind === 'exception') this.#onException(target.subprog);
    else if (target.kind === 'program') this.#shadow.replace(target.subprog);
    else if (rsp !== this.#shadow.top?.rsp || target.subprog !== this.#shadow.top.subprog) {
      this.#onSubprog(target.subprog, cpu);
    }
  }

  /** Main, or what a timer called, came to its return address. */
  finish(regs: BigUint64Array): void {
    this.#regs.set(regs);
    this.#shadow.drop(1);
    if (this.native === undefined) this.#return();
    else {
      // Its promises are no event's of the program.
      this.#shadow.leave(this.#regs, this.#total);
      this.native.onReturn(regs);
    }
  }

  /** The run ended elsewhere: which return addresses were overwritten may tell why. */
  abandon(): void {
    this.#shadow.checkOpenFrames(Math.max(0, this.#total - 1));
  }

  /** A breach seen when all was over. */
  addFinal(breach: Omit<AbiBreach, 'at'>): void {
    this.#shadow.add({ ...breach, at: Math.max(0, this.#total - 1) });
  }

  #onSubprog(subprog: number, cpu: Cpu): void {
    const returnAddress = this.#returnAddress();
    const count = this.#tables.subprogArgs[subprog] ?? MAX_REG_ARGS;
    this.#shadow.checkDirection(this.#regs, this.#total);
    if (this.#shadow.top?.subprog === NATIVE_FRAME) this.native?.onProgram(this.#regs);
    else
      this.#record(() => ({
        kind: 'call',
        callee: { kind: 'bpf', id: subprog },
        pc: this.#callPc(returnAddress),
        args: this.#args(this.#tables.bpfArgs, count),
        regs: this.#frameRegs(),
        stack: this.#callerStack(),
        result: undefined,
      }));
    this.#shadow.enter(subprog, returnAddress, this.#regs);
    cpu.watch(Number(returnAddress));
  }

  /** Frames entered by a jump share their return address and return together. */
  #onReturn(rsp: U64): void {
    const first = this.#shadow.top;
    this.#return();
    while (this.#shadow.depth > 1 && this.#shadow.top?.rsp === first?.rsp && rsp > (first?.rsp ?? 0n)) {
      this.#return();
    }
  }

  #return(): void {
    const isMain = this.#shadow.depth === (this.native === undefined ? 1 : 2);
    if (isMain) this.native?.onProgramEnd(this.#regs);
    const isChecked = isMain || this.#tables.keepsSubprogAbi;
    const frame = isChecked ? this.#shadow.leave(this.#regs, this.#total) : this.#shadow.pop();
    if (frame === undefined || frame.subprog === NO_FUNCTION) return;
    this.#record(() => ({
      kind: 'return',
      subprog: frame.subprog,
      result: this.#regs[isMain ? RAX : this.#tables.resultReg],
      regs: isMain ? null : isChecked ? this.#frameRegs() : NO_REGS,
      stack: this.#frameBytes(frame.subprog, this.#fpOf(frame)),
    }));
  }

  #onNative(at: NativePlace, cpu: Cpu): void {
    if (this.native === undefined) return;
    const [rax, rdx] = this.native.onStub(at, this.#regs);
    clobberRegisters(this.#regs);
    this.#regs[RAX] = rax;
    if (at === 'original') this.#regs[RDX] = rdx;
    cpu.writeRegs(this.#regs);
  }

  /** Goes on in the exception callback. */
  #onThrow(callee: NativeCallee, cpu: Cpu): void {
    const regs = this.#regs;
    this.#shadow.checkDirection(regs, this.#total);
    this.#shadow.checkAlignment(regs, this.#tables.callAlign, this.#total);
    const args = this.#args(this.#tables.nativeArgs, 1);
    const pc = this.#callPc(this.#returnAddress());
    this.#record(() => ({
      ...{ kind: 'call', callee: callee.ref, pc, args, regs: this.#frameRegs() },
      ...{ stack: this.#callerStack(), result: undefined, throws: true },
    }));
    const { exceptions } = this.#tables;
    if (exceptions !== undefined) enterCallback(exceptions, regs, args[0] ?? 0n, this.#memory);
    cpu.writeRegs(regs);
    this.#shadow.drop(this.native === undefined ? 1 : 2);
  }

  #onException(subprog: number): void {
    this.#record(() => ({
      ...{ kind: 'call', callee: { kind: 'bpf', id: subprog }, pc: null },
      ...{
        args: this.#args(this.#tables.bpfArgs, 1),
        regs: this.#frameRegs(),
        stack: null,
        result: undefined,
      },
    }));
    this.#shadow.replace(subprog);
  }

  #onCallee(callee: NativeCallee, cpu: Cpu): void {
    if (callee.throws === true) {
      this.#onThrow(callee, cpu);
      return;
    }
    if (callee.timer === true) {
      this.#onTimer(callee, cpu);
      return;
    }
    const mask = this.#options.argMasks?.[this.#calleeCalls++];
    const count = argCount(callee, mask);
    const places = callee.places ?? this.#tables.nativeArgs;
    const args = this.#args(places, count);
    const regs = this.#frameRegs();
    const stack = this.#isFull ? null : this.#callerStack();
    const pc = this.#callPc(this.#returnAddress());
    this.#shadow.checkDirection(this.#regs, this.#total);
    this.#shadow.checkAlignment(this.#regs, this.#tables.callAlign, this.#total);
    const known = defined(args, mask);
    const result =
      this.#options.answers.next(callee.ref, known) ?? runModel(callee.ref, known, this.#env, this.#memory);
    this.#record(() => ({ kind: 'call', callee: callee.ref, pc, args, regs, stack, result }));
    this.#clobber(places, count);
    this.#regs[RAX] = result;
    if (callee.returnsTwo === true) this.#regs[RDX] = secondWord(result);
    cpu.writeRegs(this.#regs);
  }

  #onTimer({ ref }: NativeCallee, cpu: Cpu): void {
    const places = this.#tables.nativeArgs;
    const count = timerArgs(ref.id);
    const args = this.#args(places, count);
    const pc = this.#callPc(this.#returnAddress());
    this.#shadow.checkDirection(this.#regs, this.#total);
    this.#shadow.checkAlignment(this.#regs, this.#tables.callAlign, this.#total);
    const result = this.#timers.call(ref.id, args);
    this.#record(() => ({
      ...{ kind: 'call', callee: ref, pc, args, regs: this.#frameRegs() },
      ...{ stack: this.#callerStack(), result, timer: true },
    }));
    this.#clobber(places, count);
    this.#regs[RAX] = result;
    cpu.writeRegs(this.#regs);
  }

  #onCallingBack({ ref, args: count = MAX_REG_ARGS }: NativeCallee): void {
    const args = this.#args(this.#tables.nativeArgs, count);
    const returnAddress = this.#returnAddress();
    this.#shadow.checkDirection(this.#regs, this.#total);
    this.#shadow.checkAlignment(this.#regs, this.#tables.callAlign, this.#total);
    this.#record(() => ({
      kind: 'call',
      callee: ref,
      pc: this.#callPc(returnAddress),
      args,
      regs: this.#frameRegs(),
      stack: this.#callerStack(),
      result: undefined,
      callsBack: true,
    }));
    this.#shadow.enter(HELPER_FRAME, returnAddress, this.#regs);
    this.#callbacks.start(ref.id, args);
  }

  #onCallback(at: 'next' | 'done', cpu: Cpu): void {
    const returned = this.#regs[RAX] ?? 0n;
    clobberRegisters(this.#regs);
    this.#regs[RAX] = returned;
    if (at === 'next') this.#callbacks.next(this.#regs, this.#tables.nativeArgs);
    else {
      while (this.#shadow.depth > 1 && this.#shadow.pop()?.subprog !== HELPER_FRAME);
      this.#regs[RAX] = this.#callbacks.end() ?? returned;
    }
    cpu.writeRegs(this.#regs);
  }

  /** All that psABI lets a callee destroy: caller-saved registers, flags, the argument words of its call. */
  #clobber(places: readonly ArgPlace[], count: number): void {
    clobberRegisters(this.#regs);
    for (let i = 0; i < count; i++) {
      const place = places[i];
      if (place?.in !== 'stack') continue;
      this.#memory.write(this.#argAddress(place.index), 8, CLOBBERED_WORDS[i] ?? clobberedArg(i + 1));
    }
  }

  #args(places: readonly ArgPlace[], count: number): Word[] {
    return places.slice(0, count).map((place) => {
      if (place.in === 'reg') return this.#regs[place.reg];
      return this.#memory.read(this.#argAddress(place.index), 8);
    });
  }

  #argAddress(index: number): U64 {
    return (this.#regs[RSP] ?? 0n) + BigInt(8 * (1 + index));
  }

  /** Word at [rsp] on entry; 0 where rsp points nowhere. */
  #returnAddress(): U64 {
    return this.#memory.read(this.#regs[RSP] ?? 0n, 8) ?? 0n;
  }

  #callPc(returnAddress: U64): number | null {
    return this.#tables.callPcs.get(Number(returnAddress)) ?? null;
  }

  #frameRegs(): FrameRegs {
    const [r6, r7, r8, r9, r10] = this.#tables.frameRegs;
    const regs = this.#regs;
    // A private frame pointer is in a register that calls may use: it shows where it is used.
    const fp = this.#tables.privateFps[this.#shadow.top?.subprog ?? 0];
    return [regs[r6], regs[r7], regs[r8], regs[r9], fp ?? regs[r10]];
  }

  #callerStack(): StackBytes | null {
    const caller: OpenFrame | undefined = this.#shadow.top;
    if (caller === undefined) return null;
    const fp = this.#tables.privateFps[caller.subprog] ?? this.#regs[this.#tables.frameRegs[4]];
    return this.#frameBytes(caller.subprog, fp ?? this.#fpOf(caller));
  }

  #fpOf({ subprog, rsp }: OpenFrame): U64 {
    const { privateFps, fpDepths } = this.#tables;
    return privateFps[subprog] ?? rsp - BigInt(fpDepths[subprog] ?? FP_DEPTH);
  }

  #frameBytes(subprog: number, fp: U64): StackBytes | null {
    const depth = this.#tables.stackDepths?.[subprog];
    if (this.#options.stackBytes !== true || depth === undefined) return null;
    const address = u64(fp - BigInt(depth));
    const bytes = this.#memory.copy(address, depth);
    return bytes === undefined ? null : { address, bytes };
  }

  get #isFull(): boolean {
    return this.#events.length >= this.#traceLimit;
  }

  #record(build: () => TraceEvent): void {
    this.#total++;
    if (!this.#isFull) this.#events.push(build());
  }
}
