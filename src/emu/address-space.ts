/**
 * The guest's address space for one image (core/layout.ts): maps regions of an engine, and puts them back to
 * their first state before each run.
 *
 *   code      the image; the rest of its pages is int3
 *   callees   one `ret` for each helper or kfunc, or a stub of the recorder; the rest is int3, so that a call of none is seen
 *   kernel    what an image of a kernel refers to, if it brings any
 *   ctx       the input, then zeros up to the end of the page; the page after it is unmapped
 *   data      one region for each section, read-only where the section is
 *   stack     every word a canary of its own, no address, so that what was never written is known when read
 *
 * A run that is not `alone` may find context, data, kernel and `ret`s of runs before it where it has none itself: to take
 * them away and put them back are system calls of a guest, or translations, which cost a good part of a run. Such a run
 * counts only if it agrees, if nobody came to what it has no callee for, and nobody stored to what is not its own.
 */
import type { Arena } from '../core/arena.ts';
import { badInput } from '../core/errors.ts';
import type { Fixup, ImageMemory } from '../core/image.ts';
import { unwritten } from '../core/junk.ts';
import {
  CALLBACK_BASE,
  CALLEE_BASE,
  CALLEE_STRIDE,
  CTX_BASE,
  ENTRY_RSP,
  PAGE_SIZE,
  STACK_BASE,
  STACK_SIZE,
} from '../core/layout.ts';
import { hex, toNumber, type U64 } from '../core/u64.ts';
import { CALLBACK_STUB, jumpToStub } from './callback-stub.ts';
import { areZeros, DataSections, inPage, pageFloor, type Slot, wholePages } from './data-sections.ts';
import type { Engine, Perms } from './engine.ts';
import { type Extent, ExtentMemory } from './guest-memory.ts';
import { isPlain, type NativeCallee, type NativeData, type NativeSubject } from './native-subject.ts';
import { calleeStub } from './recorder/code.ts';
import { Recorder } from './recorder/recorder.ts';

const RET = 0xc3;
const INT3 = 0xcc;
/** Code regions grow in steps, so that programs of like sizes need no new mapping. */
const CODE_STEP = 0x1_0000;

/** Most callees a program may have times CALLEE_STRIDE; no image calls further than rel32 reaches. */
const CALLEE_LIMIT = 0x100_0000;
/** Most `ret`s there for programs to come. */
const MAX_RETS = 64;

const ENTRY_OFFSET = Number(ENTRY_RSP - STACK_BASE);

const NO_FIXUPS: readonly Fixup[] = [];
const NO_DATA: readonly NativeData[] = [];
const NO_BYTES = new Uint8Array(0);

/** What of an image is to be in memory. */
export interface PlacedCode {
  readonly code: Uint8Array;
  readonly base: U64;
  readonly fixups?: readonly Fixup[] | undefined;
  readonly memory?: ImageMemory | undefined;
}

/** What stands at a callee's address: where the engine stops, or where the guest notes the call itself. */
export type StubKind = 'stop' | 'record';

export class AddressSpace {
  readonly #engine: Engine;
  readonly #stack: Slot;
  readonly #sections: DataSections;
  readonly #canaries = stackCanaries();
  /** Those below rsp at entry. */
  readonly #lowCanaries = this.#canaries.subarray(0, ENTRY_OFFSET);
  /** The others were whole after the last run: they need not be put back. */
  #areHighWhole = false;
  #code: Slot | undefined;
  #codeBase = 0n;
  #codeLength = -1;
  #callees: Slot | undefined;
  #stubs: Uint8Array = new Uint8Array(0);
  #stubKind: StubKind = 'stop';
  #recorder: Recorder | undefined;
  #callback: Slot | undefined;
  #ctx: Slot | undefined;
  #data = NO_DATA;
  #memory: ExtentMemory | undefined;
  #stackMemory: ExtentMemory | undefined;
  /** Where these see the stack. */
  #buffer: ArrayBufferLike | undefined;
  /** What was last prepared, and nothing beside it: the same again needs no second look. */
  #knownCallees: readonly NativeCallee[] | undefined;
  /** Where nothing but `ret`s stands for callees: their addresses. */
  #rets: ReadonlySet<number> = new Set();
  #inputSize = -1;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#sections = new DataSections(engine);
    this.#stack = this.#map('stack', STACK_BASE, STACK_SIZE, 'rw');
  }

  /**
   * Maps and fills everything for a run. `alone`: nothing else is mapped. Throws an `input` error where regions cannot
   * lie as asked.
   */
  prepare(
    image: PlacedCode,
    { callees, data }: Pick<NativeSubject, 'callees' | 'data'>,
    input: Uint8Array,
    { stubs, alone }: { readonly stubs: StubKind; readonly alone: boolean },
  ): void {
    this.#prepareCode(image);
    this.#prepareCallees(callees, stubs, alone);
    const ctxMoved = this.#prepareCtx(input, alone);
    const dataMoved = this.#sections.prepare(data, image.memory, alone);
    const stack = this.#stack.bytes();
    stack.set(this.#areHighWhole ? this.#lowCanaries : this.#canaries);
    this.#areHighWhole = false;
    // Engines may move memory between runs, all of it at once.
    const allMoved = stack.buffer !== this.#buffer;
    if (allMoved) this.#stackMemory = undefined;
    if (ctxMoved || dataMoved || allMoved) this.#memory = undefined;
    this.#buffer = stack.buffer;
    this.#data = data;
  }

  /** What the program and its callees may use, as it was prepared. */
  memory(): ExtentMemory {
    this.#memory ??= new ExtentMemory([this.#stackExtent(), ...this.#otherExtents()]);
    return this.#memory;
  }

  /** The stack alone: less to make, for a run that is to do as expected. */
  stackMemory(): ExtentMemory {
    this.#stackMemory ??= new ExtentMemory([this.#stackExtent()]);
    return this.#stackMemory;
  }

  /** Mapped when it is first asked for. */
  recorder(): Recorder {
    this.#recorder ??= new Recorder(this.#engine);
    return this.#recorder;
  }

  /** Addresses where a call of no callee may find a `ret`, after a run that is not `alone` was prepared. */
  get rets(): Iterable<number> {
    return this.#rets;
  }

  /** The native stack, from STACK_BASE on. */
  stack(): Uint8Array {
    return this.#stack.bytes();
  }

  /** The context: as many bytes as the input had. */
  ctx(): Uint8Array {
    return this.#ctx?.bytes().subarray(0, this.#inputSize) ?? NO_BYTES;
  }

  /** As it is now: `known` if it is the same. */
  copyCtx(copies: Arena, known?: Uint8Array): Uint8Array {
    if (this.#ctx === undefined) return NO_BYTES;
    return copies.copyUnless(known, this.#ctx.bytes(), 0, this.#inputSize);
  }

  /** Before something is entered that is no part of what ran: nothing of that is left on the stack. */
  clearStack(): void {
    this.#stack.bytes().set(this.#canaries);
  }

  /** A data section, by its index. */
  data(index: number): Uint8Array {
    const section = this.#data[index];
    return section === undefined ? NO_BYTES : this.#sections.bytes(section, index);
  }

  copyData(index: number, copies: Arena, known?: Uint8Array): Uint8Array {
    const section = this.#data[index];
    return section === undefined ? NO_BYTES : this.#sections.copy(section, index, copies, known);
  }

  /** The lowest word above `rsp` at entry that is no longer what it was, with its address. */
  brokenCanary(): { readonly address: U64; readonly want: U64; readonly got: U64 } | undefined {
    const from = ENTRY_OFFSET;
    const bytes = this.#stack.bytes();
    this.#areHighWhole = this.#canaries.compare(bytes, from, STACK_SIZE, from, STACK_SIZE) === 0;
    if (this.#areHighWhole) return undefined;
    const [want, got] = [view(this.#canaries), view(bytes)];
    for (let at = from; at < STACK_SIZE; at += 8) {
      const [wanted, found] = [want.getBigUint64(at, true), got.getBigUint64(at, true)];
      if (wanted !== found) return { address: STACK_BASE + BigInt(at), want: wanted, got: found };
    }
    return undefined;
  }

  /** Whether what is mapped, though the run has none of it, is as it was: a run that stored there did not do as expected. */
  isRestUntouched(): boolean {
    if (!this.#sections.areOthersUntouched()) return false;
    return this.#inputSize > 0 || this.#ctx === undefined || areZeros(this.#ctx.bytes());
  }

  #prepareCode({ code, base, fixups = NO_FIXUPS }: PlacedCode): void {
    const offset = inPage(base);
    const old = this.#code?.region;
    if (old === undefined || this.#codeBase !== base || old.size < offset + code.length) {
      if (old !== undefined) this.#engine.unmap(old);
      const size = Math.ceil((offset + code.length) / CODE_STEP) * CODE_STEP;
      this.#code = this.#map('code', pageFloor(base), size, 'rx');
      this.#code.bytes().fill(INT3);
      this.#codeBase = base;
      this.#codeLength = -1;
    }
    // Loading drops translations: spare it when the same image runs on another input.
    if (fixups.length === 0 && this.#codeLength === code.length && this.#isCode(code, offset)) return;
    const entries = fixups.map(({ resume }) => resume);
    this.#engine.load(base, code, entries);
    this.#codeLength = code.length;
  }

  #isCode(code: Uint8Array, offset: number): boolean {
    const there = this.#code?.bytes().subarray(offset, offset + code.length);
    return there !== undefined && Buffer.compare(there, code) === 0;
  }

  #prepareCallees(callees: readonly NativeCallee[], kind: StubKind, alone: boolean): void {
    const areRets = kind === 'stop' && callees.every(isPlain);
    const stay = !alone && areRets && this.#rets.size <= MAX_RETS;
    if (stay && areAmong(callees, this.#rets)) return;
    if (callees === this.#knownCallees && kind === this.#stubKind) return;
    const others = stay ? [...this.#rets] : [];
    const stubs = calleeStubs(callees, kind, others);
    if (Buffer.compare(stubs, this.#stubs) !== 0) this.#loadStubs(stubs, callees);
    this.#rets = new Set(areRets ? [...others, ...callees.map(({ address }) => toNumber(address))] : []);
    this.#knownCallees = stay ? undefined : callees;
    this.#stubKind = kind;
  }

  #loadStubs(stubs: Uint8Array, callees: readonly NativeCallee[]): void {
    if (callees.some(({ callsBack, timer }) => callsBack === true || timer === true)) this.#mapCallback();
    if (this.#callees !== undefined && this.#callees.region.size < stubs.length) {
      this.#engine.unmap(this.#callees.region);
      this.#callees = undefined;
    }
    if (this.#callees === undefined) {
      this.#callees = this.#map('callees', CALLEE_BASE, wholePages(stubs.length), 'rx');
      this.#callees.bytes().fill(INT3);
    }
    this.#engine.load(CALLEE_BASE, stubs);
    this.#stubs = stubs;
  }

  /** Mapped when it is first needed. */
  #mapCallback(): void {
    if (this.#callback !== undefined) return;
    this.#callback = this.#map('callback', CALLBACK_BASE, PAGE_SIZE, 'rx');
    this.#callback.bytes().fill(INT3);
    this.#engine.load(CALLBACK_BASE, CALLBACK_STUB.code);
  }

  /** True if extents changed. */
  #prepareCtx(input: Uint8Array, alone: boolean): boolean {
    const size = wholePages(input.length);
    const stays = !alone && size === 0;
    if (this.#ctx !== undefined && this.#ctx.region.size !== size && !stays) {
      this.#engine.unmap(this.#ctx.region);
      this.#ctx = undefined;
    }
    if (size > 0) this.#ctx ??= this.#map('ctx', CTX_BASE, size, 'rw');
    const bytes = this.#ctx?.bytes();
    bytes?.set(input);
    bytes?.fill(0, input.length);
    const moved = this.#inputSize !== input.length;
    this.#inputSize = input.length;
    return moved;
  }

  #stackExtent(): Extent {
    return { address: STACK_BASE, bytes: this.#stack.bytes(), writable: true };
  }

  #otherExtents(): Extent[] {
    return [
      { address: CTX_BASE, bytes: this.ctx(), writable: true },
      ...this.#data.map((section, i) => ({
        address: section.address,
        bytes: this.#sections.bytes(section, i),
        writable: section.writable,
      })),
    ];
  }

  #map(name: string, address: U64, size: number, perms: Perms): Slot {
    const region = { name, address, size, perms };
    this.#sections.makeRoom(region);
    return { region, bytes: this.#engine.map(region) };
  }
}

function areAmong(callees: readonly NativeCallee[], addresses: ReadonlySet<number>): boolean {
  for (let i = 0; i < callees.length; i++)
    if (!addresses.has(toNumber((callees[i] as NativeCallee).address))) return false;
  return true;
}

/** Code of the callee region up to the last callee; `rets`: where more of these are to stand. */
function calleeStubs(callees: readonly NativeCallee[], kind: StubKind, rets: readonly number[]): Uint8Array {
  const offsets = callees.map(({ address, ref }) => {
    const offset = Number(address - CALLEE_BASE);
    if (offset >= 0 && offset < CALLEE_LIMIT && offset % CALLEE_STRIDE === 0) return offset;
    const why = `${hex(address)} is not one of the slots of ${CALLEE_STRIDE} bytes from ${hex(CALLEE_BASE)} on`;
    throw badInput('run image', `address of ${ref.kind} ${ref.id}`, why);
  });
  const others = rets.map((address) => address - Number(CALLEE_BASE));
  const size = Math.max(-CALLEE_STRIDE, ...offsets, ...others) + CALLEE_STRIDE;
  const stubs = new Uint8Array(size).fill(INT3);
  for (const offset of others) stubs[offset] = RET;
  offsets.forEach((offset, index) => {
    if (callees[index]?.callsBack === true) stubs.set(jumpToStub(Number(CALLEE_BASE) + offset), offset);
    else if (kind === 'stop') stubs[offset] = RET;
    else stubs.set(calleeStub(index, Number(CALLEE_BASE) + offset), offset);
  });
  return stubs;
}

function stackCanaries(): Buffer {
  const words = BigUint64Array.from({ length: STACK_SIZE / 8 }, (_, i) => unwritten(i * 8));
  return Buffer.from(words.buffer);
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
