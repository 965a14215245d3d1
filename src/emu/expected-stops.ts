/**
 * Watches a run that is to do what the reference expects, and answers for the callees as the reference did: a tracker
 * (call-tracker.ts) that makes no events. It ends the run where that does something else; then a tracker is to see it.
 * Where the engine notes what is watched, all is looked at when the run has ended.
 */

import { secondWord } from '../core/env.ts';
import type { Image } from '../core/image.ts';
import { STACK_BASE } from '../core/layout.ts';
import { RAX, RDX, RSP } from '../x86/reg.ts';
import type { AsExpected, ExpectedRun } from './as-expected.ts';
import { argCount } from './callee-model.ts';
import { clobberArgs, clobberRegisters } from './clobber.ts';
import { type Cpu, type NoteLog, type NoteRequest, REG_FILE_WORDS, type RunRequest } from './engine.ts';
import { type Answerer, isExpectedBlock } from './expected-blocks.ts';
import type { ExtentMemory } from './guest-memory.ts';
import type { NativeCallee } from './native-subject.ts';
import { halvesOf, idOf } from './notes.ts';

const STACK_START = Number(STACK_BASE);
/** Of a run whose watcher is to be called for no block. */
export const NOTHING: ReadonlySet<number> = new Set();

/** A run and the guest it is in. */
export interface WatchedRun extends ExpectedRun {
  /** Where arguments on the stack are. */
  readonly memory: ExtentMemory;
  /** All of the native stack, from STACK_BASE on: asked for again at each stop. */
  readonly stack: () => Uint8Array;
  readonly argMasks: ArrayLike<number> | undefined;
  /** Addresses of callees, those of runs before among them. */
  readonly rets: Iterable<number>;
  /** How it is to be noted; null where it cannot be. */
  readonly noted: NoteRequest | null;
}

/** What of a request says how a run is watched. */
export type Watching = Pick<RunRequest, 'watch' | 'watcher'>;

/** Whether it can be said of an image, without a tracker, that it does what is expected. */
export const saysEnough = ({ callSites, frames }: Image): boolean =>
  callSites !== undefined && frames?.every(({ privateStack }) => privateStack === undefined) === true;

/** One for all runs of a guest, one after the other. */
export class ExpectedStops {
  readonly #known: AsExpected;
  readonly #regs = new BigUint64Array(REG_FILE_WORDS);
  readonly #halves = halvesOf(this.#regs);
  readonly #noted: Answerer;
  readonly #unexpected = (_address: number, cpu: Cpu): void => this.#fail(cpu);
  #run: WatchedRun | undefined;
  #calls = 0;
  #failed = false;

  constructor(known: AsExpected) {
    this.#known = known;
    this.#noted = {
      watch: () => undefined,
      answer: (callee) => known.calleeCall(callee)?.result !== undefined,
    };
  }

  /** Main is to be entered with these registers; says how the engine is to watch. */
  begin(run: WatchedRun, regs: Uint32Array, returnTo: number): Watching {
    this.#run = run;
    this.#calls = 0;
    this.#failed = false;
    this.#known.notes.showAll(regs, run.stack(), STACK_START);
    this.#known.begin(run, returnTo);
    // Where blocks are noted, the engine sees callees without being told, and the request names the others.
    return run.noted === null ? this.#watching(run) : { watch: NOTHING, watcher: this.#unexpected };
  }

  /** Whether main came back as it should, with these registers. `log`: the notes of a run that was noted. */
  isEnd(regs: Uint32Array, log: NoteLog | undefined): boolean {
    const run = this.#run;
    if (this.#failed || run === undefined) return false;
    if (run.noted !== null && (log === undefined || !this.#areExpected(run, log))) return false;
    this.#known.notes.showAll(regs, run.stack(), STACK_START);
    return this.#known.isEnd();
  }

  #watching({ tables, rets }: WatchedRun): Watching {
    const watch = new Set(tables.targets.addresses);
    for (const address of rets) watch.add(address);
    return { watch, watcher: (address, cpu) => this.#onBlock(address, cpu) };
  }

  #areExpected(run: WatchedRun, log: NoteLog): boolean {
    const { notes } = this.#known;
    for (let k = 0; k < log.count; k++) {
      notes.showRecord(log, k, log.below);
      if (!isExpectedBlock(this.#known, run, idOf(log, k), this.#noted)) return false;
    }
    return true;
  }

  #onBlock(address: number, cpu: Cpu): void {
    const run = this.#run;
    if (run === undefined || this.#failed) return;
    cpu.readRegs(this.#regs);
    this.#known.notes.showAll(this.#halves, run.stack(), STACK_START);
    const answerer: Answerer = {
      watch: (returnAddress) => cpu.watch(returnAddress),
      answer: (callee) => this.#answer(run, callee, cpu),
    };
    if (!isExpectedBlock(this.#known, run, address, answerer)) this.#fail(cpu);
  }

  #fail(cpu: Cpu): void {
    this.#failed = true;
    cpu.stop();
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
