/**
 * Whether what is seen of a run is, word for word, what the reference expects: the quick answer, for most runs agree, and
 * then no second trace is made. It is as strict as the call tracker and the comparison after it together. Where it says
 * no, or has met what is unusual, these look at the run and say what it is.
 *
 * Whoever watches shows each place in the notes, then asks for what happened there.
 */
import type { CallEvent, FrameRegs, ReturnEvent, StackBytes, Trace, Word } from '../core/execution.ts';
import type { ArgPlace } from '../core/image.ts';
import { RAX, RSP } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';
import { RFLAGS } from './engine.ts';
import type { ImageTables } from './image-tables.ts';
import type { NativeCallee } from './native-subject.ts';
import { Notes } from './notes.ts';

export interface ExpectedRun {
  readonly tables: ImageTables;
  /** Subprogs that tail calls may enter. */
  readonly programs: ReadonlySet<number>;
  readonly expected: Trace;
}

const WORD_BYTES = 8;
const DIRECTION_FLAG = 0x400;
/** What is kept of an open frame: its subprog, rsp at entry, what lies there, and, in halves, what it must give back. */
const FRAME = { subprog: 0, rsp: 1, returnAddress: 2, saved: 3, size: 3 + 2 * CALLEE_SAVED.length } as const;
/** More than any program has open at a time. */
const MAX_FRAMES = 72;

/** Of an argument on the stack: this and its index there; below it, the number of a register. */
const ON_STACK = 0x100;

/** Places of arguments as numbers, for as long as they stay the same. */
class Places {
  #places: readonly ArgPlace[] = [];
  codes = new Int32Array(0);

  of(places: readonly ArgPlace[]): Places {
    if (places !== this.#places)
      this.codes = Int32Array.from(places, (place) =>
        place.in === 'reg' ? place.reg : ON_STACK + place.index,
      );
    this.#places = places;
    return this;
  }
}

/** One for all runs of a guest, one after the other. */
export class AsExpected {
  readonly notes = new Notes();
  readonly #bpfPlaces = new Places();
  readonly #nativePlaces = new Places();
  /** Open frames, FRAME.size numbers each. */
  readonly #frames = new Float64Array(FRAME.size * MAX_FRAMES);
  #top = 0;
  #next = 0;
  #run: ExpectedRun | undefined;

  /** Main is to be entered with the registers shown. */
  begin(run: ExpectedRun, returnTo: number): void {
    this.#run = run;
    this.#next = 0;
    this.#top = -FRAME.size;
    this.#enter(0, returnTo);
  }

  /** Whether main came back, everything having been seen. */
  isEnd(): boolean {
    const { expected, tables } = this.#known;
    const event = this.#event('return');
    if (event === undefined || this.#next !== expected.events.length || expected.total !== this.#next)
      return false;
    if (this.#top !== 0 || !this.#isBack(event, tables)) return false;
    const { notes } = this;
    const isWhole = notes.wordAt(this.rsp) === this.returnAddress && this.#areSaved();
    return isWhole && notes.isReg(RAX, event.result);
  }

  /** Whether a subprog was called, from the innermost frame; what lies at rsp is to be `returnAddress` when it returns. */
  isSubprogCall(subprog: number, returnAddress: number): boolean {
    const event = this.#event('call');
    const { tables } = this.#known;
    if (event === undefined || event.callee.kind !== 'bpf' || event.callee.id !== subprog) return false;
    if (event.result !== undefined) return false;
    if (!this.#areArgs(event.args, this.#bpfPlaces.of(tables.bpfArgs)) || !this.#isCaller(event, tables))
      return false;
    if (this.notes.address(RSP) >= this.rsp || this.#top + FRAME.size >= this.#frames.length) return false;
    this.#enter(subprog, returnAddress);
    return true;
  }

  /** The event of a call of a helper or kfunc, if it is the one expected. */
  calleeCall({ ref, places }: NativeCallee): CallEvent | undefined {
    const event = this.#event('call');
    const { tables } = this.#known;
    if (event === undefined || ref.kind !== event.callee.kind || ref.id !== event.callee.id) return undefined;
    if ((this.notes.address(RSP) + WORD_BYTES) % tables.callAlign !== 0) return undefined;
    const isSame =
      this.#areArgs(event.args, this.#nativePlaces.of(places ?? tables.nativeArgs)) &&
      this.#isCaller(event, tables);
    return isSame ? event : undefined;
  }

  /** Whether the innermost frame has returned, and given back what it must. */
  isReturn(): boolean {
    const event = this.#event('return');
    const { tables } = this.#known;
    if (event === undefined || this.#top === 0 || !this.#isBack(event, tables)) return false;
    if (this.notes.wordAt(this.rsp) !== this.returnAddress) return false;
    const isChecked = tables.keepsSubprogAbi && !this.#areSaved();
    this.#top -= FRAME.size;
    if (isChecked || (tables.keepsSubprogAbi && !this.#areRegs(event.regs, tables))) return false;
    return this.notes.isReg(tables.resultReg, event.result);
  }

  /** Another program goes on in the innermost frame; false if there is none of this number. */
  replace(subprog: number): boolean {
    this.#frames[this.#top + FRAME.subprog] = subprog;
    return this.#known.programs.has(subprog);
  }

  /** Of the innermost frame. */
  get subprog(): number {
    return this.#frames[this.#top + FRAME.subprog] as number;
  }

  /** At its entry: the address of its return address. */
  get rsp(): number {
    return this.#frames[this.#top + FRAME.rsp] as number;
  }

  get returnAddress(): number {
    return this.#frames[this.#top + FRAME.returnAddress] as number;
  }

  get #known(): ExpectedRun {
    if (this.#run === undefined) throw new Error('no run has begun');
    return this.#run;
  }

  /** The next one, if it is of this kind and the direction flag is clear. */
  #event(kind: 'call'): CallEvent | undefined;
  #event(kind: 'return'): ReturnEvent | undefined;
  #event(kind: 'call' | 'return'): CallEvent | ReturnEvent | undefined {
    const event = this.#known.expected.events[this.#next++];
    if (event === undefined || event.kind !== kind) return undefined;
    return this.notes.low(RFLAGS) & DIRECTION_FLAG ? undefined : event;
  }

  /** The innermost frame has just returned, and left its stack as it should. */
  #isBack({ subprog, stack }: ReturnEvent, tables: ImageTables): boolean {
    const isThere = this.subprog === subprog && this.notes.address(RSP) === this.rsp + WORD_BYTES;
    return isThere && this.#isFrame(stack, tables, this.#ownFp(tables));
  }

  #areArgs(args: readonly Word[], places: Places): boolean {
    const { notes } = this;
    const { codes } = places;
    const count = Math.min(args.length, codes.length);
    const first = notes.address(RSP) + WORD_BYTES;
    for (let i = 0; i < count; i++) {
      const want = args[i];
      if (want === undefined) continue;
      const code = codes[i] as number;
      const isSame =
        code < ON_STACK
          ? notes.isReg(code, want)
          : notes.isWordAt(first + WORD_BYTES * (code - ON_STACK), want);
      if (!isSame) return false;
    }
    return true;
  }

  /** From where it is called, and registers and frame of who calls. */
  #isCaller({ pc, regs, stack }: CallEvent, tables: ImageTables): boolean {
    const { notes } = this;
    if (tables.callPc(notes.wordAt(notes.address(RSP))) !== pc) return false;
    const fpReg = tables.frameRegs[4];
    const fp = fpReg < 0 ? this.#ownFp(tables) : notes.address(fpReg);
    return this.#areRegs(regs, tables) && this.#isFrame(stack, tables, fp);
  }

  #areRegs(regs: FrameRegs | null, { frameRegs }: ImageTables): boolean {
    if (regs === null) return true;
    for (let i = 0; i < regs.length; i++)
      if (!this.notes.isReg(frameRegs[i] as number, regs[i])) return false;
    return true;
  }

  #isFrame(want: StackBytes | null, tables: ImageTables, fp: number): boolean {
    const depth = tables.stackDepth(this.subprog);
    return depth === undefined || this.notes.areBytesBelow(fp, depth, want);
  }

  /** Of the innermost frame, by what the image says of its shape. */
  #ownFp(tables: ImageTables): number {
    return this.rsp - tables.fpDepth(this.subprog);
  }

  #enter(subprog: number, returnAddress: number): void {
    this.#top += FRAME.size;
    const frames = this.#frames;
    const { notes } = this;
    frames[this.#top + FRAME.subprog] = subprog;
    frames[this.#top + FRAME.rsp] = notes.address(RSP);
    frames[this.#top + FRAME.returnAddress] = returnAddress;
    let saved = this.#top + FRAME.saved;
    for (const gpr of CALLEE_SAVED) {
      frames[saved++] = notes.low(gpr);
      frames[saved++] = notes.high(gpr);
    }
  }

  #areSaved(): boolean {
    const frames = this.#frames;
    let saved = this.#top + FRAME.saved;
    for (const gpr of CALLEE_SAVED) {
      if (this.notes.low(gpr) !== frames[saved++]) return false;
      if (this.notes.high(gpr) !== frames[saved++]) return false;
    }
    return true;
  }
}
