/**
 * The guest's memory: the context, the data sections, and the stacks of the frames. Little-endian, as the
 * JIT's machine. Every byte has a poison flag beside it. An access must lie wholly within one region.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { DataSection } from '../bpf/program.ts';
import { Arena } from '../core/arena.ts';
import type { GuestMemory } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { StackBytes, Word } from '../core/execution.ts';
import { CTX_BASE, PAGE_SIZE, STACK_BASE, STACK_TOP } from '../core/layout.ts';
import { fromNumber, hex, low32, type U64, u64 } from '../core/u64.ts';

/** Memory of runs, and frames as they were at calls and returns. */
const COPIES = new Arena();

export type AccessSize = 1 | 2 | 4 | 8;

/** Adjacent bytes of guest memory. Offsets count from its first byte and are not checked. */
export class Region {
  /** Address of the first byte. A number: every region lies below 2^53, so none is lost. */
  base: number;
  readonly writable: boolean;
  bytes: Uint8Array;
  #poison: Uint8Array | undefined;
  #view: DataView | undefined;

  /** Keeps `bytes`, and `poison` if it has some; does not copy them. */
  constructor(base: number, bytes: Uint8Array, writable: boolean, poison?: Uint8Array) {
    this.base = base;
    this.writable = writable;
    this.bytes = bytes;
    this.#poison = poison;
  }

  /** One byte for each of `bytes`: 1 where it is poison. Made when they are first asked for: most regions have no poison. */
  get poison(): Uint8Array {
    this.#poison ??= COPIES.zeros(this.bytes.length);
    return this.#poison;
  }

  /** Keeps bytes and flags in other buffers from here on. */
  moveTo(bytes: Uint8Array, poison: Uint8Array): void {
    bytes.set(this.bytes);
    poison.set(this.poison);
    this.bytes = bytes;
    this.#poison = poison;
    this.#view = undefined;
  }

  /** Made with the first access: most sections are never touched. */
  #access(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    return this.#view;
  }

  /** Offset of an address in this region. */
  offsetOf(address: U64): number {
    return Number(address) - this.base;
  }

  /** Zero-extended; undefined if any byte is poison. */
  loadWord(offset: number, size: AccessSize): Word {
    return this.isPoison(offset, size) ? undefined : this.load(offset, size);
  }

  /** Stores a value, or makes `size` bytes poison. */
  storeWord(offset: number, size: AccessSize, word: Word): void {
    if (word === undefined) this.#mark(offset, size, 1);
    else this.store(offset, size, word);
  }

  /** Zero-extended, poison or not. */
  load(offset: number, size: AccessSize): U64 {
    switch (size) {
      case 1:
        return fromNumber(this.#access().getUint8(offset));
      case 2:
        return fromNumber(this.#access().getUint16(offset, true));
      case 4:
        return fromNumber(this.#access().getUint32(offset, true));
      case 8:
        return this.#access().getBigUint64(offset, true);
    }
  }

  /** Stores the low `size` bytes; they are no longer poison. */
  store(offset: number, size: AccessSize, value: U64): void {
    switch (size) {
      case 1:
        this.#access().setUint8(offset, low32(value));
        break;
      case 2:
        this.#access().setUint16(offset, low32(value), true);
        break;
      case 4:
        this.#access().setUint32(offset, low32(value), true);
        break;
      case 8:
        this.#access().setBigUint64(offset, value, true);
        break;
    }
    if (this.#poison !== undefined) this.#mark(offset, size, 0);
  }

  /** Whether any of `size` bytes is poison. */
  isPoison(offset: number, size: AccessSize): boolean {
    const poison = this.#poison;
    if (poison === undefined) return false;
    for (let i = offset; i < offset + size; i++) if (poison[i] !== 0) return true;
    return false;
  }

  #mark(offset: number, size: AccessSize, flag: 0 | 1): void {
    const { poison } = this;
    for (let i = offset; i < offset + size; i++) poison[i] = flag;
  }

  /** The flags, or undefined where no byte is poison. */
  poisonFlags(): Uint8Array | undefined {
    return this.#poison?.includes(1) ? this.#poison : undefined;
  }
}

/** Four flags at once: all poison. */
const ALL_POISON = 0x01010101;
const STACK_WORDS = MAX_STACK_BYTES / 4;

/** A frame's stack: MAX_STACK_BYTES below its fp, all poison at first. */
export class StackRegion extends Region {
  /** The flags of its bytes, four at once. */
  #flags: Int32Array | undefined;

  constructor() {
    super(0, new Uint8Array(MAX_STACK_BYTES), true, new Uint8Array(MAX_STACK_BYTES));
  }

  override moveTo(bytes: Uint8Array, poison: Uint8Array): void {
    super.moveTo(bytes, poison);
    this.#flags = undefined;
  }

  /** Fresh stack below `fp`. */
  reset(fp: U64): void {
    this.base = Number(fp) - MAX_STACK_BYTES;
    this.bytes.fill(0);
    this.poison.fill(1);
  }

  /** From the lowest byte that is not poison (from the word that holds it) up to fp; null if there is none. */
  snapshot(): StackBytes | null {
    this.#flags ??= new Int32Array(this.poison.buffer, this.poison.byteOffset, STACK_WORDS);
    const flags = this.#flags;
    let lowest = 0;
    while (lowest < STACK_WORDS && flags[lowest] === ALL_POISON) lowest++;
    if (lowest === STACK_WORDS) return null;
    const from = (4 * lowest) & ~7;
    let poisoned = from / 4;
    while (poisoned < STACK_WORDS && flags[poisoned] === 0) poisoned++;
    const address = fromNumber(this.base + from);
    const bytes = COPIES.copy(this.bytes, from);
    if (poisoned === STACK_WORDS) return { address, bytes };
    return { address, bytes, poison: COPIES.copy(this.poison, from) };
  }
}

/** All of the guest's memory. */
export class Memory implements GuestMemory {
  readonly context: Region;
  readonly data: readonly Region[];
  readonly #fixed: readonly Region[];
  readonly #stacks: StackRegion[] = [];

  /** Copies both. Throws an `input` error if a section lies out of reach or on top of another one. */
  constructor(context: Uint8Array, data: readonly DataSection[], base: U64 = CTX_BASE) {
    this.context = new Region(Number(base), COPIES.copy(context), true);
    this.data = data.map((section) => sectionRegion(section));
    this.#fixed = [this.context, ...this.data];
    checkDisjoint(this.#fixed);
  }

  /** The stack of the frame that starts; it hides what it covers of its callers' stacks. */
  pushStack(stack: StackRegion): void {
    this.#stacks.push(stack);
  }

  popStack(): void {
    this.#stacks.pop();
  }

  /**
   * The region that holds all of [address, address + size). Frames may overlap where one uses less than its
   * MAX_STACK_BYTES: a byte belongs to the innermost frame whose fp is above it. Private stacks overlap nothing.
   */
  locate(address: U64, size: AccessSize): Region | undefined {
    return this.regionAt(Number(address), size);
  }

  /** As `locate`. `at`: the address as a number, negative or rounded where it is not below 2^53. */
  regionAt(at: number, size: AccessSize): Region | undefined {
    for (let i = this.#stacks.length - 1; i >= 0; i--) {
      const stack = this.#stacks[i] as StackRegion;
      if (at >= stack.base + MAX_STACK_BYTES || at < stack.base) continue;
      return at + size <= stack.base + MAX_STACK_BYTES ? stack : undefined;
    }
    for (const region of this.#fixed) {
      if (at >= region.base && at + size <= region.base + region.bytes.length) return region;
    }
    return undefined;
  }

  /** Whether an engine has pages at all of [address, address + size), whoever's they are. */
  isMapped(address: U64, size: AccessSize): boolean {
    return this.#hasPage(address) && this.#hasPage(u64(address + BigInt(size - 1)));
  }

  #hasPage(address: U64): boolean {
    if (address >= STACK_BASE && address < STACK_TOP) return true;
    const page = Math.floor(Number(address) / PAGE_SIZE);
    return this.#fixed.some(({ base, bytes }) => {
      const last = base + bytes.length - 1;
      return bytes.length > 0 && page >= Math.floor(base / PAGE_SIZE) && page <= Math.floor(last / PAGE_SIZE);
    });
  }

  /** For models of helpers and kfuncs: poison reads as some value. */
  read(address: U64, size: AccessSize): U64 | undefined {
    const region = this.locate(address, size);
    return region?.load(region.offsetOf(address), size);
  }

  /** For models of helpers and kfuncs: what they write is not poison. */
  write(address: U64, size: AccessSize, value: U64): boolean {
    const region = this.locate(address, size);
    if (region === undefined || !region.writable) return false;
    region.store(region.offsetOf(address), size, value);
    return true;
  }
}

function sectionRegion(section: DataSection): Region {
  const { name, bytes, writable } = section;
  const address = u64(section.address);
  if (address + BigInt(bytes.length) > Number.MAX_SAFE_INTEGER) {
    throw badInput('interpret', `section ${name}`, `its address ${hex(address)} is not below 2^53`);
  }
  return new Region(Number(address), COPIES.copy(bytes), writable);
}

function checkDisjoint(regions: readonly Region[]): void {
  if (isAscending(regions)) return;
  const sorted = regions.filter((r) => r.bytes.length > 0).sort((a, b) => a.base - b.base);
  sorted.forEach((region, i) => {
    const next = sorted[i + 1];
    if (next === undefined || region.base + region.bytes.length <= next.base) return;
    const where = `data at ${hex(next.base)}`;
    throw badInput('interpret', where, `overlaps the ${region.bytes.length} bytes at ${hex(region.base)}`);
  });
}

/** Whether each region ends before the next one begins, as most do. */
function isAscending(regions: readonly Region[]): boolean {
  let end = 0;
  for (const { base, bytes } of regions) {
    if (bytes.length === 0) continue;
    if (base < end) return false;
    end = base + bytes.length;
  }
  return true;
}
