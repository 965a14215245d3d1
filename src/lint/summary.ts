/** What callers and callees know of a function: what it is passed, and what a call of it does. */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Subprog } from '../bpf/program.ts';
import { R0, R1, R2 } from '../bpf/reg.ts';
import { argRegs } from '../bpf/registers.ts';
import { addBytes, type ByteSet, byteSet, meetBytes } from './bytes.ts';
import { incomingSlots } from './calls.ts';
import { REACH, State } from './state.ts';
import { join, OTHER, UNSET, type Value } from './value.ts';

/** A load through a pointer into a caller's stack. */
export interface ArgumentRead {
  readonly argument: number;
  /** Slot of the load. */
  readonly pc: number;
  /** Distance of its first byte from where the passed pointer points. */
  readonly off: number;
  readonly size: number;
}

/** How a function is entered, beside by calls: main, programs in program arrays, callbacks, and what nobody calls but might. */
export type Entrance = 'main' | 'tail call' | 'callback' | 'exception' | 'uncalled';

export class Summary {
  readonly subprog: Subprog;
  /** Arguments 1..12 as the calls found so far pass them; undefined: none was found. */
  arguments: Value[] | undefined;
  /** r0 at its ends; undefined: none was found. */
  result: Value | undefined;
  /** By argument: bytes it has written through it at each of its ends. */
  readonly written: (ByteSet | undefined)[] = [];
  readonly reads: ArgumentRead[] = [];
  /** It writes through pointers that are not followed: maybe through those it is passed. */
  isWild = false;
  /** Its address is taken, or it is the exception callback. */
  isCallback = false;
  /** Lowest byte of its stack it uses, as a distance from r10. */
  lowest = 0;
  /** By argument: bytes near where it points that it reads; what it reads farther away is in `reads` alone. */
  readonly readBytes: (ByteSet | undefined)[] = [];
  readsFar = false;
  readonly #readKeys = new Set<number>();

  constructor(subprog: Subprog) {
    this.subprog = subprog;
  }

  /** Its first instruction's state. */
  entry(): State {
    const state = new State();
    for (let n = 1; n <= MAX_REG_ARGS; n++) state.values[n] = this.argument(n);
    return state;
  }

  /** Argument n as it is at entry. */
  argument = (n: number): Value => this.arguments?.[n] ?? UNSET;

  /** One more call; whether that changed anything. Arguments beyond those it takes never arrive. */
  enter(passed: (n: number) => Value): boolean {
    const known = this.arguments ?? [];
    let changed = this.arguments === undefined;
    for (let n = 1; n <= MAX_ARGS; n++) {
      const value = n <= this.subprog.args ? passed(n) : UNSET;
      const both = known[n] === undefined ? value : join(known[n] as Value, value);
      changed ||= both !== known[n];
      known[n] = both;
    }
    this.arguments = known;
    return changed;
  }

  enterBy(entrance: Entrance): boolean {
    const { subprog } = this;
    if (entrance === 'main') {
      // The two the oracle gives it: context and its length.
      this.arguments = [];
      for (let n = 1; n <= MAX_ARGS; n++) this.arguments[n] = n === R1 || n === R2 ? OTHER : UNSET;
      return true;
    }
    if (entrance === 'exception') this.isCallback = true;
    // A program is given its context, an exception callback the cookie.
    if (entrance === 'tail call' || entrance === 'exception')
      return this.enter((n) => (n === R1 ? OTHER : UNSET));
    if (entrance === 'callback') {
      this.isCallback = true;
      const changed = this.arguments === undefined;
      this.arguments ??= [];
      for (const n of argRegs(MAX_ARGS)) this.arguments[n] = join(this.arguments[n] ?? OTHER, OTHER);
      return changed;
    }
    return this.enter((n) => (n <= MAX_REG_ARGS + incomingSlots(subprog) ? OTHER : UNSET));
  }

  /** One more end; whether that changed anything. */
  leave(state: State): boolean {
    const isFirst = this.result === undefined;
    const result = isFirst ? state.value(R0) : join(this.result as Value, state.value(R0));
    let changed = isFirst || result !== this.result;
    this.result = result;
    for (let n = 1; n <= MAX_ARGS; n++) {
      const here = state.argumentWritten(n);
      const before = this.written[n];
      if (isFirst) this.written[n] = here?.slice();
      else if (before !== undefined && here === undefined) this.written[n] = undefined;
      else if (before !== undefined && here !== undefined) changed = meetBytes(before, here) || changed;
      if (before !== this.written[n]) changed = true;
    }
    return changed;
  }

  /** Whether this read is new. Of loads of the same bytes the first one counts. */
  addRead(read: ArgumentRead): boolean {
    const { argument, off, size } = read;
    const key = ((off * 16 + argument) * 16 + size) | 0;
    if (this.#readKeys.has(key)) return false;
    this.#readKeys.add(key);
    this.reads.push(read);
    if (off < -REACH || off + size > REACH) this.readsFar = true;
    else {
      const bytes = this.readBytes[argument] ?? byteSet(2 * REACH);
      addBytes(bytes, off + REACH, size);
      this.readBytes[argument] = bytes;
    }
    return true;
  }
}
