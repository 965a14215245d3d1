/**
 * Watches a running image: sees each subprog entered, each return and each call of a helper or a kfunc, builds
 * the trace of it, and answers for the callees.
 *
 * A subprog's entry and a callee's stub are watched from the start, a return address from when it is first
 * pushed. A block at the innermost frame's return address is its return if rsp is above that frame; below, it
 * is the frame's own code, which may be the same when it recurses.
 */
import { type Env, secondWord } from '../core/env.ts';
import type { AbiBreach, CalleeRef, FrameRegs, Trace, TraceEvent } from '../core/execution.ts';
import type { NativePlace } from '../core/native.ts';
import { timerArgs } from '../core/timer.ts';
import type { U64 } from '../core/u64.ts';
import { RDX, RSP } from '../x86/reg.ts';
import type { Answers } from './answers.ts';
import { CallView } from './call-view.ts';
import { CallbackCalls } from './callback-calls.ts';
import { argCount, defined, runModel } from './callee-model.ts';
import { clobberRegisters } from './clobber.ts';
import type { Cpu } from './engine.ts';
import type { TrackedMemory } from './guest-memory.ts';
import type { ImageTables } from './image-tables.ts';
import type { NativeCallee, RunImageOptions } from './native-subject.ts';
import { NativeWatch } from './native-watch.ts';
import { ShadowStack } from './shadow-stack.ts';
import { TimerCalls } from './timer-calls.ts';
import { enterCallback } from './unwind.ts';

const RAX = 0;
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
  readonly #view: CallView;
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
    const { regs, stackBytes = false } = options;
    this.#view = new CallView({ tables, memory, regs, shadow: this.#shadow, stackBytes });
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
    const { targets, nativeArgs, bpfArgs } = this.#tables;
    const rsp = regs[RSP] ?? 0n;
    const address = this.#timers.next(regs, nativeArgs);
    if (address === undefined) return false;
    regs[RSP] = rsp;
    this.#regs.set(regs);
    const target = targets.at(Number(address));
    const subprog = target?.kind === 'subprog' ? target.subprog : NO_FUNCTION;
    if (subprog !== NO_FUNCTION)
      this.#record(() => {
        const callee: CalleeRef = { kind: 'bpf', id: subprog };
        const args = this.#view.args(bpfArgs, this.#tables.subprogArgs(subprog) ?? MAX_REG_ARGS);
        return { kind: 'call', callee, pc: null, args, regs: NO_REGS, stack: null, result: undefined };
      });
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
    const target = this.#tables.targets.at(address);
    if (target === undefined) return;
    if (target.kind === 'native') this.#onNative(target.at, cpu);
    else if (target.kind === 'callback') this.#onCallback(target.at, cpu);
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
    const returnAddress = this.#view.returnAddress();
    const { bpfArgs } = this.#tables;
    const count = this.#tables.subprogArgs(subprog) ?? MAX_REG_ARGS;
    this.#shadow.checkDirection(this.#regs, this.#total);
    if (this.#shadow.top?.subprog === NATIVE_FRAME) this.native?.onProgram(this.#regs);
    else this.#record(() => this.#view.call({ kind: 'bpf', id: subprog }, this.#view.args(bpfArgs, count)));
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
      regs: isMain ? null : isChecked ? this.#view.frameRegs() : NO_REGS,
      stack: this.#view.stackOf(frame),
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
  #onThrow({ ref }: NativeCallee, cpu: Cpu): void {
    const regs = this.#regs;
    this.#checkCall();
    const args = this.#view.args(this.#tables.nativeArgs, 1);
    this.#record(() => ({ throws: true, ...this.#view.call(ref, args) }));
    const { exceptions } = this.#tables;
    if (exceptions !== undefined) enterCallback(exceptions, regs, args[0] ?? 0n, this.#memory);
    cpu.writeRegs(regs);
    this.#shadow.drop(this.native === undefined ? 1 : 2);
  }

  #onException(subprog: number): void {
    const callee: CalleeRef = { kind: 'bpf', id: subprog };
    const { bpfArgs } = this.#tables;
    this.#record(() => ({ ...this.#view.call(callee, this.#view.args(bpfArgs, 1)), pc: null, stack: null }));
    this.#shadow.replace(subprog);
  }

  #onCallee(callee: NativeCallee, cpu: Cpu): void {
    if (callee.throws === true) this.#onThrow(callee, cpu);
    else if (callee.timer === true) this.#onTimer(callee, cpu);
    else if (callee.callsBack === true) this.#onCallingBack(callee);
    else this.#onModelled(callee, cpu);
  }

  #onModelled(callee: NativeCallee, cpu: Cpu): void {
    const mask = this.#options.argMasks?.[this.#calleeCalls++];
    const count = argCount(callee, mask);
    const places = callee.places ?? this.#tables.nativeArgs;
    const args = this.#view.args(places, count);
    // The model may write to the caller's frame: the event shows it as it was before.
    const event = this.#isFull ? undefined : this.#view.call(callee.ref, args);
    this.#checkCall();
    const known = defined(args, mask);
    const result =
      this.#options.answers.next(callee.ref, known) ?? runModel(callee.ref, known, this.#env, this.#memory);
    if (event === undefined) this.#total++;
    else {
      const { pc, regs, stack } = event;
      this.#record(() => ({ kind: 'call', callee: callee.ref, pc, args, regs, stack, result }));
    }
    this.#view.clobber(places, count);
    this.#regs[RAX] = result;
    if (callee.returnsTwo === true) this.#regs[RDX] = secondWord(result);
    cpu.writeRegs(this.#regs);
  }

  #onTimer({ ref }: NativeCallee, cpu: Cpu): void {
    const { nativeArgs } = this.#tables;
    const count = timerArgs(ref.id);
    const args = this.#view.args(nativeArgs, count);
    this.#checkCall();
    const result = this.#timers.call(ref.id, args);
    this.#record(() => ({ timer: true, ...this.#view.call(ref, args), result }));
    this.#view.clobber(nativeArgs, count);
    this.#regs[RAX] = result;
    cpu.writeRegs(this.#regs);
  }

  #onCallingBack({ ref, args: count = MAX_REG_ARGS }: NativeCallee): void {
    const args = this.#view.args(this.#tables.nativeArgs, count);
    this.#checkCall();
    this.#record(() => ({ callsBack: true, ...this.#view.call(ref, args) }));
    this.#shadow.enter(HELPER_FRAME, this.#view.returnAddress(), this.#regs);
    this.#callbacks.start(ref.id, args);
  }

  /** What native callees are promised. */
  #checkCall(): void {
    this.#shadow.checkDirection(this.#regs, this.#total);
    this.#shadow.checkAlignment(this.#regs, this.#tables.callAlign, this.#total);
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

  get #isFull(): boolean {
    return this.#events.length >= this.#traceLimit;
  }

  #record(build: () => TraceEvent): void {
    this.#total++;
    if (!this.#isFull) this.#events.push(build());
  }
}
