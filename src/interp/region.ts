/**
 * Adjacent bytes of the guest's memory, little-endian as the JIT's machine, with a poison flag beside each; and those
 * of them that are a frame's stack.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import { Arena } from '../core/arena.ts';
import type { StackBytes, Word } from '../core/execution.ts';
import { StackCopy } from '../core/stack-copy.ts';
import { fromHalves, fromNumber, high32, low32, toNumber, type U64 } from '../core/u64.ts';

/** Memory of runs, and frames as they were at calls and returns. */
export const COPIES = new Arena();

export type AccessSize = 1 | 2 | 4 | 8;

/** Four flags at once: all poison. */
const ALL_POISON = 0x01010101;

/** Offsets count from its first byte and are not checked. */
export class Region {
  /** Address of the first byte. A number: every region lies below 2^53, so none is lost. */
  base: number;
  readonly writable: boolean;
  bytes: Uint8Array;
  /** How often flags were set, and the lowest offset where they were. */
  marks = 0;
  lowest: number;
  #poison: Uint8Array | undefined;

  /** Keeps `bytes`, and `poison` if it has some; does not copy them. */
  constructor(base: number, bytes: Uint8Array, writable: boolean, poison?: Uint8Array) {
    this.base = base;
    this.writable = writable;
    this.bytes = bytes;
    this.lowest = bytes.length;
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
  }

  /** Whether all of [at, at + size) lies within. */
  holds(at: number, size: number): boolean {
    return at >= this.base && at + size <= this.base + this.bytes.length;
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
    if (word === undefined) this.#mark(offset, size, ALL_POISON);
    else this.store(offset, size, word);
  }

  /** Zero-extended, poison or not. */
  load(offset: number, size: AccessSize): U64 {
    return fromHalves(lowAt(this.bytes, offset, size), size === 8 ? fourAt(this.bytes, offset + 4) : 0);
  }

  /** Stores the low `size` bytes; they are no longer poison. */
  store(offset: number, size: AccessSize, value: U64): void {
    put(this.bytes, offset, size, low32(value), high32(value));
    if (this.#poison !== undefined) this.#mark(offset, size, 0);
  }

  /** Whether any of `size` bytes is poison. */
  isPoison(offset: number, size: AccessSize): boolean {
    const poison = this.#poison;
    if (poison === undefined) return false;
    return lowAt(poison, offset, size) !== 0 || (size === 8 && fourAt(poison, offset + 4) !== 0);
  }

  /** `flags`: four at once. */
  #mark(offset: number, size: AccessSize, flags: number): void {
    put(this.poison, offset, size, flags, flags);
    this.marks++;
    if (offset < this.lowest) this.lowest = offset;
  }

  /** The flags, or undefined where no byte is poison. */
  poisonFlags(): Uint8Array | undefined {
    return this.#poison?.includes(1) ? this.#poison : undefined;
  }
}

/** Words of 8 bytes. */
const STACK_WORDS = MAX_STACK_BYTES / 8;

/** A frame's stack: MAX_STACK_BYTES below its fp, all poison at first. */
export class StackRegion extends Region {
  readonly #home = this.bytes;
  /** Bytes and flags, eight at once. */
  #words = inEights(this.bytes);
  #flags = inEights(this.poison);

  constructor() {
    super(0, new Uint8Array(MAX_STACK_BYTES), true, new Uint8Array(MAX_STACK_BYTES).fill(1));
  }

  override moveTo(bytes: Uint8Array, poison: Uint8Array): void {
    super.moveTo(bytes, poison);
    this.#words = inEights(bytes);
    this.#flags = inEights(poison);
    this.lowest = 0;
    this.marks++;
  }

  /** Another number as soon as any byte or flag may be another one. */
  get version(): number {
    return this.#isHome ? this.marks : ++this.marks;
  }

  /** Whether all that is stored goes through here. */
  get #isHome(): boolean {
    return this.bytes === this.#home;
  }

  /** As `loadWord`, which most words on a stack need no look at each byte for. */
  loadAligned(offset: number, size: AccessSize): Word {
    if (size !== 8 || (offset & 7) !== 0) return this.loadWord(offset, size);
    return this.#flags[offset >> 3] === 0n ? this.#words[offset >> 3] : undefined;
  }

  /** As `storeWord`. */
  storeAligned(offset: number, size: AccessSize, word: Word): void {
    if (size !== 8 || (offset & 7) !== 0 || word === undefined) {
      this.storeWord(offset, size, word);
      return;
    }
    this.#words[offset >> 3] = word;
    this.#flags[offset >> 3] = 0n;
    this.marks++;
    if (offset < this.lowest) this.lowest = offset;
  }

  /** Fresh stack below `fp`. */
  reset(fp: U64): void {
    this.base = toNumber(fp) - MAX_STACK_BYTES;
    for (let i = this.lowest >> 3; i < STACK_WORDS; i++) {
      this.#words[i] = 0n;
      // All poison. A literal: V8 then makes no bigint of it.
      this.#flags[i] = 0x0101_0101_0101_0101n;
    }
    this.lowest = this.#isHome ? MAX_STACK_BYTES : 0;
    this.marks++;
  }

  /** From the lowest byte that is not poison (from the word that holds it) up to fp; null if there is none. */
  snapshot(): StackBytes | null {
    const flags = this.#flags;
    let lowest = this.lowest >> 3;
    while (lowest < STACK_WORDS && flags[lowest] === 0x0101_0101_0101_0101n) lowest++;
    if (lowest === STACK_WORDS) return null;
    let poisoned = lowest;
    while (poisoned < STACK_WORDS && flags[poisoned] === 0n) poisoned++;
    const address = fromNumber(this.base + 8 * lowest);
    const poison = poisoned === STACK_WORDS ? null : flags;
    return new StackCopy(COPIES, address, { words: this.#words, poison }, lowest);
  }
}

const inEights = ({ buffer, byteOffset, length }: Uint8Array): BigUint64Array =>
  new BigUint64Array(buffer, byteOffset, length / 8);

/** Little-endian, signed. */
const fourAt = (bytes: Uint8Array, at: number): number => twoAt(bytes, at) | (twoAt(bytes, at + 2) << 16);
const twoAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

/** Of an access the low half: four bytes, or fewer, zero-extended. */
function lowAt(bytes: Uint8Array, at: number, size: AccessSize): number {
  if (size >= 4) return fourAt(bytes, at);
  return size === 2 ? twoAt(bytes, at) : (bytes[at] as number);
}

/** Stores the low `size` bytes of two halves. */
function put(bytes: Uint8Array, at: number, size: AccessSize, low: number, high: number): void {
  bytes[at] = low;
  if (size === 1) return;
  bytes[at + 1] = low >> 8;
  if (size === 2) return;
  putTwo(bytes, at + 2, low >> 16);
  if (size === 4) return;
  putTwo(bytes, at + 4, high);
  putTwo(bytes, at + 6, high >> 16);
}

function putTwo(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
}
