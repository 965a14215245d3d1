/**
 * What holds at a point of a function on the ways that lead there: values of registers and outgoing slots, which
 * bytes of the stack are written, what is spilled there.
 *
 * Stacks are copied when they are written, not with the state: most blocks leave them alone.
 */
import { MAX_ARGS, MAX_STACK_ARGS, MAX_STACK_BYTES } from '../bpf/calling.ts';
import { R10, REG_COUNT } from '../bpf/reg.ts';
import { addBytes, type ByteSet, byteSet, hasAllBytes, hasBytes, meetBytes } from './bytes.ts';
import { join, knownZero, may, OTHER, originOf, STACK, stackAt, UNSET, type Value } from './value.ts';

/** r0..r10, then the outgoing slots. */
export const SLOT = REG_COUNT;
const VALUES = REG_COUNT + MAX_STACK_ARGS;

const SPILLS = MAX_STACK_BYTES / 8;
/** Bytes of a caller's stack that are followed around a pointer that was passed: as many before it as after it. */
export const REACH = MAX_STACK_BYTES;

/** The function's own stack. */
interface Frame {
  /** Byte k is the one at r10 - 512 + k. */
  readonly written: ByteSet;
  /** By 8-byte word, from the lowest; undefined: nothing that is followed has been spilled. */
  spills: Int32Array | undefined;
}

/** Bytes written through pointers that were passed, by argument; undefined: none. */
type Written = (ByteSet | undefined)[];

export class State {
  readonly values = new Int32Array(VALUES).fill(UNSET);
  /** Some way here has stored to an outgoing slot or made a call. */
  late = false;
  /** Something may write to the stack without naming r10. */
  escaped = false;
  #frame: Frame = { written: byteSet(MAX_STACK_BYTES), spills: undefined };
  #arguments: Written = [];
  #isShared = false;

  constructor() {
    this.values[R10] = stackAt(0);
  }

  copy(): State {
    const copy = new State();
    copy.values.set(this.values);
    copy.late = this.late;
    copy.escaped = this.escaped;
    copy.#frame = this.#frame;
    copy.#arguments = this.#arguments;
    copy.#isShared = true;
    this.#isShared = true;
    return copy;
  }

  value(index: number): Value {
    return this.values[index] as Value;
  }

  /** Nothing is in it. */
  clear(reg: number): void {
    this.values[reg] = UNSET;
  }

  /** Bytes of [r10 + off, + size) written on every way; true for bytes outside the stack. */
  isWritten(off: number, size: number): boolean {
    return hasBytes(this.#frame.written, off + MAX_STACK_BYTES, size);
  }

  /** Whether all these bytes around r10 + off, which `REACH` of the set stands for, are in the stack and written. */
  areWritten(off: number, bytes: ByteSet): boolean {
    return hasAllBytes(this.#frame.written, bytes, off + MAX_STACK_BYTES - REACH);
  }

  /** [r10 + off, + size) gets something; `value`: what, if it is a whole word of it. */
  write(off: number, size: number, value: Value = OTHER): void {
    this.#own();
    addBytes(this.#frame.written, off + MAX_STACK_BYTES, size);
    this.#spill(off, size, value);
  }

  /** What [r10 + off, + size) holds. */
  load(off: number, size: number): Value {
    const word = (off + MAX_STACK_BYTES) / 8;
    if (size !== 8 || !Number.isInteger(word)) return OTHER;
    return this.#frame.spills?.[word] ?? OTHER;
  }

  /** Nobody knows what the stack's words hold now; written they still are. */
  disturb(): void {
    if (this.#frame.spills === undefined) return;
    this.#own();
    this.#frame.spills = undefined;
  }

  /** Where the pointer passed as `argument` points, plus off. */
  isArgumentWritten(argument: number, off: number, size: number): boolean {
    const set = this.#arguments[argument];
    return set !== undefined && off >= -REACH && off + size <= REACH && hasBytes(set, off + REACH, size);
  }

  writeArgument(argument: number, off: number, size: number): void {
    this.#own();
    const set = this.#arguments[argument] ?? byteSet(2 * REACH);
    addBytes(set, off + REACH, size);
    this.#arguments[argument] = set;
  }

  /** Bytes written through `argument`, by distance from it plus REACH. */
  argumentWritten(argument: number): ByteSet | undefined {
    return this.#arguments[argument];
  }

  /** Takes in another way here; whether anything changed. */
  meet(other: State): boolean {
    const { late, escaped } = this;
    this.late ||= other.late;
    this.escaped ||= other.escaped;
    let changed = false;
    for (let k = 0; k < VALUES; k++) {
      const [a, b] = [this.values[k] as Value, other.values[k] as Value];
      if (a === b) continue;
      const both = join(a, b);
      // A pointer into the stack that is lost may write there.
      if (may(a | b, STACK) && !may(both, STACK)) this.escaped = true;
      if (both === a) continue;
      this.values[k] = both;
      changed = true;
    }
    if (this.#frame !== other.#frame) changed = this.#meetFrame(other.#frame) || changed;
    if (this.#arguments !== other.#arguments) changed = this.#meetArguments(other.#arguments) || changed;
    return changed || late !== this.late || escaped !== this.escaped;
  }

  /** A register is known to be 0, or not to be; whether that can be. Tells of all that hold the same pointer. */
  refine(reg: number, isZero: boolean): boolean {
    const value = this.value(reg);
    const origin = originOf(value);
    const known = knownZero(value, isZero);
    if (known === 0) return false;
    if (origin === undefined) {
      this.values[reg] = known;
      return true;
    }
    const apply = (words: Int32Array): void => {
      for (let k = 0; k < words.length; k++)
        if (originOf(words[k] as Value) === origin) words[k] = knownZero(words[k] as Value, isZero);
    };
    apply(this.values);
    if (this.#frame.spills !== undefined) {
      this.#own();
      apply(this.#frame.spills);
    }
    return true;
  }

  #meetFrame(other: Frame): boolean {
    this.#own();
    const changed = meetBytes(this.#frame.written, other.written);
    return this.#meetSpills(other.spills) || changed;
  }

  #meetSpills(other: Int32Array | undefined): boolean {
    const { spills } = this.#frame;
    if (spills === undefined || spills === other) return false;
    if (other === undefined) {
      this.#frame.spills = undefined;
      return true;
    }
    let changed = false;
    for (let k = 0; k < SPILLS; k++) {
      const both = join(spills[k] as Value, other[k] as Value);
      changed ||= both !== spills[k];
      spills[k] = both;
    }
    return changed;
  }

  #meetArguments(other: Written): boolean {
    this.#own();
    let changed = false;
    for (let n = 1; n <= MAX_ARGS; n++) {
      const [mine, theirs] = [this.#arguments[n], other[n]];
      if (mine === undefined) continue;
      if (theirs !== undefined) changed = meetBytes(mine, theirs) || changed;
      else {
        this.#arguments[n] = undefined;
        changed = true;
      }
    }
    return changed;
  }

  #spill(off: number, size: number, value: Value): void {
    const frame = this.#frame;
    const first = Math.max(0, Math.floor((off + MAX_STACK_BYTES) / 8));
    const last = Math.min(SPILLS - 1, Math.floor((off + size - 1 + MAX_STACK_BYTES) / 8));
    const isWord = size === 8 && (off + MAX_STACK_BYTES) % 8 === 0;
    const held = isWord ? value : OTHER;
    if (held === OTHER && frame.spills === undefined) return;
    frame.spills ??= new Int32Array(SPILLS).fill(OTHER);
    for (let word = first; word <= last; word++) frame.spills[word] = held;
  }

  /** Before a write to the stacks. */
  #own(): void {
    if (!this.#isShared) return;
    this.#isShared = false;
    const { written, spills } = this.#frame;
    this.#frame = { written: written.slice(), spills: spills?.slice() };
    this.#arguments = this.#arguments.map((set) => set?.slice());
  }
}
