/**
 * Adjacent bytes of the guest's memory, little-endian as the JIT's machine, with a poison flag beside each; and those
 * of them that are a frame's stack.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import { Arena } from '../core/arena.ts';
import type { StackBytes, Word } from '../core/execution.ts';
import { fromHalves, fromNumber, high32, low32, toNumber, type U64 } from '../core/u64.ts';

/** Memory of runs, and frames as they were at calls and returns. */
export const COPIES = new Arena();

export type AccessSize = 1 | 2 | 4 | 8;

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
  #view: DataView | undefined;

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
        return fromHalves(this.#access().getInt32(offset, true), this.#access().getInt32(offset + 4, true));
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
        this.#access().setInt32(offset, low32(value), true);
        this.#access().setInt32(offset + 4, high32(value), true);
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
    this.marks++;
    if (offset < this.lowest) this.lowest = offset;
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
  readonly #home = this.bytes;
  /** Bytes and flags, four at once. */
  #words = inFours(this.bytes);
  #flags = inFours(this.poison);

  constructor() {
    super(0, new Uint8Array(MAX_STACK_BYTES), true, new Uint8Array(MAX_STACK_BYTES).fill(1));
  }

  override moveTo(bytes: Uint8Array, poison: Uint8Array): void {
    super.moveTo(bytes, poison);
    this.#words = inFours(bytes);
    this.#flags = inFours(poison);
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

  /** Fresh stack below `fp`. */
  reset(fp: U64): void {
    this.base = toNumber(fp) - MAX_STACK_BYTES;
    for (let i = this.lowest >> 2; i < STACK_WORDS; i++) {
      this.#words[i] = 0;
      this.#flags[i] = ALL_POISON;
    }
    this.lowest = this.#isHome ? MAX_STACK_BYTES : 0;
    this.marks++;
  }

  /** From the lowest byte that is not poison (from the word that holds it) up to fp; null if there is none. */
  snapshot(): StackBytes | null {
    const flags = this.#flags;
    let lowest = this.lowest >> 2;
    while (lowest < STACK_WORDS && flags[lowest] === ALL_POISON) lowest++;
    if (lowest === STACK_WORDS) return null;
    const from = lowest & ~1;
    let poisoned = from;
    while (poisoned < STACK_WORDS && flags[poisoned] === 0) poisoned++;
    const address = fromNumber(this.base + 4 * from);
    const bytes = COPIES.copyFours(this.#words, from);
    if (poisoned === STACK_WORDS) return { address, bytes };
    return { address, bytes, poison: COPIES.copyFours(flags, from) };
  }
}

const inFours = ({ buffer, byteOffset, length }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length / 4);
