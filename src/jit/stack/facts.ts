/**
 * What the subprogs of a program know of each other's stacks.
 *
 * A pointer that another function can find in memory has escaped: from then on a load may yield one (FOUND),
 * and what is reached below a found pointer counts as reached below every escaped one.
 */
import type { CallInsn, Insn } from '../../bpf/insn.ts';
import { type Program, subprogAt, targetOf } from '../../bpf/program.ts';
import { lowestBit } from '../../core/bits.ts';
import { contextOf } from '../../core/callback.ts';
import { calledBackBy } from '../tail-calls.ts';
import { BASES, basesOf, FOUND, FP, hasBase, lowAt, NO_BOUND, NONE, pointer, type Value } from './pointer.ts';

const FOUND_POINTER = pointer(FOUND);
const NOBODY: readonly number[] = [];
const NO_REACH: readonly number[] = new Array<number>(BASES).fill(0);

/** What is known of a subprog so far. All of it only grows. */
export class Summary {
  readonly index: number;
  /** Subprogs whose walks looked at this one, as they call it; some more than once. */
  callers: readonly number[] = NOBODY;
  /** How far below its r10 it reaches, <= 0. */
  ownLowest = 0;
  /** The same of other bases: few subprogs reach below any. */
  lowest: readonly number[] = NO_REACH;
  /** Bit n: argument n may be a stack pointer. */
  pointerArgs = 0;
  returnsPointer = false;
  /** Others may have pointers into its frame. */
  isExposed = false;
  /** What its walk would find may have changed since the last one. */
  isStale = true;

  constructor(index: number) {
    this.index = index;
  }
}

/** Rounds after which a bound that still falls is given up: only recursion and chains in memory take so many. */
const PATIENCE = 8;

/** Most have one, and it calls once. */
function addCaller(callee: Summary, caller: number): void {
  const { callers } = callee;
  if (callers.length === 0) callee.callers = [caller];
  else if (callers[callers.length - 1] !== caller) callee.callers = [...callers, caller];
}

/** Facts of a whole program; they only grow, so that repeating the walks comes to an end. */
export class StackFacts {
  readonly #summaries: readonly Summary[];
  readonly #program: Program;
  #hasEscaped = false;
  /** How far below a found pointer anyone reaches. */
  #foundLowest = 0;
  #round = 0;

  constructor(program: Program) {
    this.#program = program;
    const summaries: Summary[] = [];
    for (let index = 0; index < program.subprogs.length; index++) summaries.push(new Summary(index));
    this.#summaries = summaries;
  }

  summary(index: number): Summary {
    return this.#summaries[index] as Summary;
  }

  /** Starts a round over all subprogs; false if there is nothing left to find. */
  startRound(): boolean {
    this.#round++;
    const { length } = this.#summaries;
    let index = 0;
    while (index < length && !this.summary(index).isStale) index++;
    return index < length;
  }

  /** Whether a subprog is to be walked in this round; asked once, right before. */
  takeStale(index: number): boolean {
    const summary = this.summary(index);
    const { isStale } = summary;
    summary.isStale = false;
    return isStale;
  }

  #outdateAll(): void {
    for (const summary of this.#summaries) summary.isStale = true;
  }

  /** Whether stack pointers can come into a subprog from outside. */
  seesPointers({ pointerArgs }: Summary): boolean {
    return pointerArgs !== 0 || this.#hasEscaped;
  }

  /** The subprog a local call enters. */
  calleeOf(pc: number, insn: Insn, caller: Summary): Summary | undefined {
    const start = targetOf(pc, insn);
    if (start === undefined) return undefined;
    const callee = this.summary(subprogAt(this.#program, start).index);
    addCaller(callee, caller.index);
    return callee;
  }

  /** Hands the context of a helper that calls back to all that it may call. */
  passContext(caller: Summary, insn: Insn, value: Value): void {
    if (this.#program.callbacks === undefined || value === NONE) return;
    for (const index of calledBackBy(this.#program, insn)) {
      const callee = this.summary(index);
      addCaller(callee, caller.index);
      this.pass(caller, callee, contextOf((insn as CallInsn).imm), value);
    }
  }

  /** A pointer that a load from memory others write may yield. */
  get found(): Value {
    return this.#hasEscaped ? FOUND_POINTER : NONE;
  }

  /** Notes that memory at `value + off` and above is used. */
  reach(summary: Summary, value: Value, off: number): void {
    const low = lowAt(value, off);
    // Most are of this frame alone.
    if (basesOf(value) === 1 << FP) {
      if (low < summary.ownLowest) summary.ownLowest = low;
      return;
    }
    // From the lowest bit up.
    for (let left = basesOf(value); left !== 0; left &= left - 1) {
      const base = lowestBit(left);
      // Nobody else looks at this one.
      if (base === FP) summary.ownLowest = Math.min(summary.ownLowest, low);
      else if (base === FOUND) this.#reachFound(low);
      else this.#reachArgument(summary, base, low);
    }
  }

  #reachFound(low: number): void {
    if (low >= this.#foundLowest) return;
    this.#foundLowest = this.#patient(low);
    this.#outdateAll();
  }

  #reachArgument(summary: Summary, n: number, low: number): void {
    if (low >= (summary.lowest[n] as number)) return;
    summary.lowest = summary.lowest.with(n, this.#patient(low));
    this.#outdateCallers(summary);
  }

  #patient(low: number): number {
    return this.#round > PATIENCE ? NO_BOUND : low;
  }

  #outdateCallers({ callers }: Summary): void {
    for (const caller of callers) this.summary(caller).isStale = true;
  }

  /** Notes that others may find `value` in memory. */
  escape(summary: Summary, value: Value): void {
    if (value === NONE) return;
    if (!this.#hasEscaped) this.#outdateAll();
    this.#hasEscaped = true;
    if (hasBase(value, FP)) this.expose(summary);
    this.reach(summary, value, this.#foundLowest);
  }

  /** The walk that finds it sees to what it has decided before. */
  expose(summary: Summary): void {
    summary.isExposed = true;
  }

  /** Hands argument n to a callee: its bound counts from here. */
  pass(summary: Summary, callee: Summary | undefined, n: number, value: Value): void {
    if (hasBase(value, FP)) this.expose(summary);
    this.reach(summary, value, callee === undefined ? 0 : (callee.lowest[n] as number));
    if (callee === undefined || (callee.pointerArgs & (1 << n)) !== 0) return;
    callee.pointerArgs |= 1 << n;
    callee.isStale = true;
  }

  /** A call takes what it passed for what comes back: who passed no pointer, and finds none, learns nothing by it. */
  returnsPointer(summary: Summary): void {
    if (!summary.returnsPointer && this.seesPointers(summary)) this.#outdateCallers(summary);
    summary.returnsPointer = true;
  }
}
