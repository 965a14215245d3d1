/**
 * Whether what the guest noted is, word for word, what the reference expects: the quick answer, for most runs agree,
 * and then no second trace is made. It is as strict as the call tracker and the comparison after it together. Where it
 * says no, or has met what is unusual, these look at the same notes and say what it is.
 */
import type { CallEvent, FrameRegs, ReturnEvent, StackBytes, Trace, Word } from '../../core/execution.ts';
import type { ArgPlace } from '../../core/image.ts';
import type { U64 } from '../../core/u64.ts';
import { RSP } from '../../x86/reg.ts';
import { CALLEE_SAVED } from '../../x86/sysv.ts';
import { RFLAGS } from '../engine.ts';
import type { ImageTables } from '../image-tables.ts';
import type { NativeCallee } from '../native-subject.ts';
import { recorderCode } from './code.ts';
import { CALLEE_ID, PROGRAM_ID, RECORD, RETURN_ID, WORD } from './layout.ts';
import { HALF, type LogView, Notes } from './notes.ts';

/** A recorded run that came to its end. */
export interface NotedRun {
  readonly log: LogView;
  readonly tables: ImageTables;
  readonly callees: readonly NativeCallee[];
  /** Subprogs that tail calls may enter. */
  readonly programs: ReadonlySet<number>;
  readonly expected: Trace;
  /** Register files, in halves: main was entered with the one, and returned with the other. */
  readonly entry: Uint32Array;
  readonly exit: Uint32Array;
  /** Where main was to return to. */
  readonly returnTo: U64;
  /** The native stack as it is now, and the address of its first byte. */
  readonly stack: Uint8Array;
  readonly stackStart: number;
}

const RAX = 0;
const WORD_BYTES = 8;
const DIRECTION_FLAG = 0x400;
/** What is kept of an open frame: its subprog, rsp at entry, and, in halves, what it must give back. */
const FRAME = { subprog: 0, rsp: 1, saved: 2, size: 2 + 2 * CALLEE_SAVED.length } as const;
/** Main, and as many as the recorder has room for. */
const MAX_FRAMES = 1 + WORD.shadowEnd - WORD.shadow;

/** Of a record, with both halves: no number that is known if there is something in the upper one. */
function idOf({ halves, stride }: LogView, k: number): number {
  const at = 2 * (k * stride + RECORD.id);
  return (halves[at] as number) + HALF * (halves[at + 1] as number);
}

/** One for all runs of a guest, one after the other. */
export class AsExpected {
  readonly #notes = new Notes();
  /** Open frames, FRAME.size numbers each. */
  readonly #frames = new Float64Array(FRAME.size * MAX_FRAMES);
  #top = 0;

  /** True only if the tracker would see the events expected, as far as they are promised, and no breach. */
  holds(run: NotedRun): boolean {
    const { log, expected, entry, stack, stackStart } = run;
    const { events } = expected;
    if (expected.total !== events.length) return false;
    this.#notes.showEnd(entry, stack, stackStart);
    this.#top = -FRAME.size;
    this.#enter(0);
    let next = 0;
    for (let k = 0; k < log.count; k++) {
      const id = idOf(log, k);
      if (id >= PROGRAM_ID) {
        if (!this.#replace(id - PROGRAM_ID, run)) return false;
        continue;
      }
      const event = events[next++];
      if (event === undefined || !this.#isRecord(run, { k, id }, event)) return false;
    }
    const last = events[next];
    return next === events.length - 1 && last?.kind === 'return' && this.#isEnd(run, last);
  }

  #isRecord(
    run: NotedRun,
    { k, id }: { readonly k: number; readonly id: number },
    event: CallEvent | ReturnEvent,
  ): boolean {
    const isReturn = id === RETURN_ID;
    this.#notes.showRecord(run.log, k, isReturn ? 'return' : 'call');
    if (this.#notes.low(RFLAGS) & DIRECTION_FLAG) return false;
    if (isReturn) return event.kind === 'return' && this.#isReturn(run, event);
    if (event.kind !== 'call') return false;
    return id >= CALLEE_ID
      ? this.#isCalleeCall(run, id - CALLEE_ID, event)
      : this.#isSubprogCall(run, id, event);
  }

  #isSubprogCall({ tables }: NotedRun, subprog: number, event: CallEvent): boolean {
    const { callee, args } = event;
    if (callee.kind !== 'bpf' || callee.id !== subprog || event.result !== undefined) return false;
    if (!this.#areArgs(args, tables.bpfArgs) || !this.#isCaller(event, tables)) return false;
    if (this.#notes.address(RSP) >= this.#rsp || this.#top + FRAME.size >= this.#frames.length) return false;
    this.#enter(subprog);
    return true;
  }

  #isCalleeCall({ tables, callees }: NotedRun, index: number, event: CallEvent): boolean {
    const ref = callees[index]?.ref;
    if (ref === undefined || ref.kind !== event.callee.kind || ref.id !== event.callee.id) return false;
    if ((this.#notes.address(RSP) + WORD_BYTES) % tables.callAlign !== 0) return false;
    return this.#areArgs(event.args, tables.nativeArgs) && this.#isCaller(event, tables);
  }

  /** Who returns is the innermost frame, where it was called, and gives back what it must. */
  #isReturn({ tables }: NotedRun, { subprog, result, regs, stack }: ReturnEvent): boolean {
    const notes = this.#notes;
    const [frame, rsp] = [this.#top, this.#rsp];
    const isBack = notes.isHalfAt(rsp, recorderCode().back) && notes.isHalfAt(rsp + 4, 0);
    if (frame === 0 || this.#subprog !== subprog || notes.address(RSP) !== rsp + WORD_BYTES || !isBack)
      return false;
    if (!this.#isFrame(stack, tables, this.#ownFp(tables))) return false;
    if (tables.keepsSubprogAbi && !(this.#areSaved() && this.#areRegs(regs, tables))) return false;
    this.#top = frame - FRAME.size;
    return notes.isReg(tables.resultReg, result);
  }

  #isEnd({ exit, tables, returnTo, ...at }: NotedRun, { subprog, result, stack }: ReturnEvent): boolean {
    const notes = this.#notes;
    notes.showEnd(exit, at.stack, at.stackStart);
    if (this.#top !== 0 || this.#subprog !== subprog || notes.low(RFLAGS) & DIRECTION_FLAG) return false;
    if (notes.address(RSP) !== this.#rsp + WORD_BYTES || !notes.isWordAt(this.#rsp, returnTo)) return false;
    return this.#areSaved() && notes.isReg(RAX, result) && this.#isFrame(stack, tables, this.#ownFp(tables));
  }

  #areArgs(args: readonly Word[], places: readonly ArgPlace[]): boolean {
    const notes = this.#notes;
    const rsp = notes.address(RSP);
    for (let i = 0; i < args.length; i++) {
      const place = places[i];
      if (place === undefined) continue;
      const isSame =
        place.in === 'reg'
          ? notes.isReg(place.reg, args[i])
          : notes.isWordAt(rsp + WORD_BYTES * (1 + place.index), args[i]);
      if (!isSame) return false;
    }
    return true;
  }

  /** From where it is called, and registers and frame of who calls. */
  #isCaller({ pc, regs, stack }: CallEvent, tables: ImageTables): boolean {
    const notes = this.#notes;
    if ((tables.callPcs.get(notes.wordAt(notes.address(RSP))) ?? null) !== pc) return false;
    const fpReg = tables.frameRegs[4];
    const fp = fpReg < 0 ? this.#ownFp(tables) : notes.address(fpReg);
    return this.#areRegs(regs, tables) && this.#isFrame(stack, tables, fp);
  }

  #areRegs(regs: FrameRegs | null, { frameRegs }: ImageTables): boolean {
    if (regs === null) return true;
    for (let i = 0; i < regs.length; i++)
      if (!this.#notes.isReg(frameRegs[i] as number, regs[i])) return false;
    return true;
  }

  #isFrame(want: StackBytes | null, { stackDepths }: ImageTables, fp: number): boolean {
    const depth = stackDepths?.[this.#subprog];
    return depth === undefined || this.#notes.areBytesBelow(fp, depth, want);
  }

  /** Of the innermost frame, by what the image says of its shape. */
  #ownFp({ fpDepths }: ImageTables): number {
    return this.#rsp - (fpDepths[this.#subprog] as number);
  }

  #enter(subprog: number): void {
    this.#top += FRAME.size;
    const [frames, notes, top] = [this.#frames, this.#notes, this.#top];
    frames[top + FRAME.subprog] = subprog;
    frames[top + FRAME.rsp] = notes.address(RSP);
    for (let i = 0; i < CALLEE_SAVED.length; i++) {
      const gpr = CALLEE_SAVED[i] as number;
      frames[top + FRAME.saved + 2 * i] = notes.low(gpr);
      frames[top + FRAME.saved + 2 * i + 1] = notes.high(gpr);
    }
  }

  /** Another program goes on in the innermost frame; false if there is none of this number. */
  #replace(subprog: number, { programs }: NotedRun): boolean {
    this.#frames[this.#top + FRAME.subprog] = subprog;
    return programs.has(subprog);
  }

  get #subprog(): number {
    return this.#frames[this.#top + FRAME.subprog] as number;
  }

  /** At the entry of the innermost frame: the address of its return address. */
  get #rsp(): number {
    return this.#frames[this.#top + FRAME.rsp] as number;
  }

  #areSaved(): boolean {
    const [frames, saved] = [this.#frames, this.#top + FRAME.saved];
    for (let i = 0; i < CALLEE_SAVED.length; i++) {
      const gpr = CALLEE_SAVED[i] as number;
      if (this.#notes.low(gpr) !== frames[saved + 2 * i]) return false;
      if (this.#notes.high(gpr) !== frames[saved + 2 * i + 1]) return false;
    }
    return true;
  }
}
