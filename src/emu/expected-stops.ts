/**
 * Watches a run that is to do what the reference expects, and answers for the callees as the reference did: a tracker
 * (call-tracker.ts) that makes no events. It ends the run where that does something else; then a tracker is to see it.
 */

import { secondWord } from '../core/env.ts';
import type { Image } from '../core/image.ts';
import { CALLBACK_BASE, CALLEE_BASE, STACK_BASE } from '../core/layout.ts';
import { RAX, RDX, RSP } from '../x86/reg.ts';
import type { AsExpected, ExpectedRun } from './as-expected.ts';
import { argCount } from './callee-model.ts';
import { clobberArgs, clobberRegisters } from './clobber.ts';
import { type Cpu, REG_FILE_WORDS } from './engine.ts';
import type { ExtentMemory } from './guest-memory.ts';
import type { NativeCallee } from './native-subject.ts';
import { halvesOf } from './notes.ts';

const STACK_START = Number(STACK_BASE);
/** Another run may have left a `ret` there (address-space.ts). */
const isCalleeSlot = (address: number): boolean => address >= CALLEE_BASE && address < CALLBACK_BASE;

/** A run and the guest it is in. */
export interface WatchedRun extends ExpectedRun {
  readonly memory: ExtentMemory;
  /** All of the native stack, from STACK_BASE on: asked for again at each stop. */
  readonly stack: () => Uint8Array;
  readonly argMasks: ArrayLike<number> | undefined;
}

/** Whether it can be said of an image, without a tracker, that it does what is expected. */
export const saysEnough = ({ callSites, frames }: Image): boolean =>
  callSites !== undefined && frames?.every(({ privateStack }) => privateStack === undefined) === true;

/** One for all runs of a guest, one after the other. */
export class ExpectedStops {
  readonly #known: AsExpected;
  readonly #regs = new BigUint64Array(REG_FILE_WORDS);
  readonly #halves = halvesOf(this.#regs);
  #run: WatchedRun | undefined;
  #calls = 0;
  #failed = false;

  constructor(known: AsExpected) {
    this.#known = known;
  }

  /** Main is to be entered with these registers. */
  begin(run: WatchedRun, regs: Uint32Array, returnTo: number): void {
    this.#run = run;
    this.#calls = 0;
    this.#failed = false;
    this.#known.notes.showAll(regs, run.stack(), STACK_START);
    this.#known.begin(run, returnTo);
  }

  /** The engine's watcher. */
  onBlock(address: number, cpu: Cpu): void {
    const run = this.#run;
    if (run === undefined || this.#failed) return;
    cpu.readRegs(this.#regs);
    this.#known.notes.showAll(this.#halves, run.stack(), STACK_START);
    if (this.#isExpected(run, address, cpu)) return;
    this.#failed = true;
    cpu.stop();
  }

  /** Whether main came back as it should, with these registers. */
  isEnd(regs: Uint32Array): boolean {
    if (this.#failed || this.#run === undefined) return false;
    this.#known.notes.showAll(regs, this.#run.stack(), STACK_START);
    return this.#known.isEnd();
  }

  #isExpected(run: WatchedRun, address: number, cpu: Cpu): boolean {
    const known = this.#known;
    const rsp = known.notes.address(RSP);
    const target = run.tables.targets.get(address);
    // A block at the return address is the return if rsp is above the frame; below, it is the frame's own code.
    if (address === known.returnAddress && rsp > known.rsp) return target === undefined && known.isReturn();
    switch (target?.kind) {
      case undefined:
        return !isCalleeSlot(address);
      case 'subprog': {
        if (rsp === known.rsp && target.subprog === known.subprog) return true;
        const returnAddress = known.notes.wordAt(rsp);
        cpu.watch(returnAddress);
        return known.isSubprogCall(target.subprog, returnAddress);
      }
      case 'callee':
        return this.#answer(run, target.callee, cpu);
      case 'program':
        return known.replace(target.subprog);
      default:
        return false;
    }
  }

  #answer(run: WatchedRun, callee: NativeCallee, cpu: Cpu): boolean {
    const event = this.#known.calleeCall(callee);
    const result = event?.result;
    if (result === undefined) return false;
    const count = argCount(callee, run.argMasks?.[this.#calls++]);
    const regs = this.#regs;
    clobberArgs(run.memory, regs[RSP] ?? 0n, callee.places ?? run.tables.nativeArgs, count);
    clobberRegisters(regs);
    regs[RAX] = result;
    if (callee.returnsTwo === true) regs[RDX] = secondWord(result);
    cpu.writeRegs(regs);
    return true;
  }
}
