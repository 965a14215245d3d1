/**
 * Registers and stack at one place of a run, now or noted by the guest, to be held against what is expected. Words are
 * looked at in halves of 32 bits, so that no bigint is made of each.
 */
import type { StackBytes, Word } from '../core/execution.ts';
import { RSP } from '../x86/reg.ts';
import type { Records } from './engine.ts';
import { RECORD } from './recorder/layout.ts';

/** What one in the upper half counts. */
const HALF = 2 ** 32;
const HALF_BYTES = 4;
const NO_HALVES = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);

/** 64-bit words, in halves of 32 bits. */
export const halvesOf = ({ buffer, byteOffset, length }: BigUint64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, 2 * length);
/** Of bytes that are whole words; none of others. */
const halvesOfBytes = ({ buffer, byteOffset, length }: Uint8Array): Uint32Array =>
  (byteOffset | length) % HALF_BYTES === 0
    ? new Uint32Array(buffer, byteOffset, length / HALF_BYTES)
    : NO_HALVES;

/** What a record is of, of both halves: no number that is known if there is something in the upper one. */
export function idOf({ halves, stride }: Records, k: number): number {
  const at = 2 * (k * stride + RECORD.id);
  return (halves[at] as number) + HALF * (halves[at + 1] as number);
}

export class Notes {
  readonly #word = new BigUint64Array(1);
  readonly #wanted = halvesOf(this.#word);
  /** A register file from `#regsAt` on. */
  #regs: Uint32Array = NO_HALVES;
  #regsAt = 0;
  /** `#windowBytes` from `#windowAt` on are those of the guest from address `#windowStart` on. */
  #window: Uint8Array = NO_BYTES;
  /** The same bytes, in halves of words. */
  #windowHalves: Uint32Array = NO_HALVES;
  #windowAt = 0;
  #windowStart = 0;
  #windowBytes = 0;
  /** The whole stack, as it was last shown. */
  #stack: Uint8Array = NO_BYTES;
  #stackHalves: Uint32Array = NO_HALVES;

  /** Registers now (halves of a register file), and all of the stack, whose first byte is at `start`. */
  showAll(regs: Uint32Array, stack: Uint8Array, start: number): void {
    this.#regs = regs;
    this.#regsAt = 0;
    if (this.#stack !== stack) this.#stackHalves = halvesOfBytes(stack);
    this.#stack = stack;
    this.#window = stack;
    this.#windowHalves = this.#stackHalves;
    this.#windowAt = 0;
    this.#windowStart = start;
    this.#windowBytes = stack.length;
  }

  /** At a record, whose window has so many bytes below rsp. */
  showRecord({ halves, bytes, stride }: Records, k: number, below: number): void {
    this.#regs = halves;
    this.#regsAt = 2 * (k * stride + RECORD.regs);
    this.#window = bytes;
    this.#windowHalves = halves;
    this.#windowAt = 8 * (k * stride + RECORD.window);
    this.#windowBytes = 8 * (stride - RECORD.window);
    this.#windowStart = this.address(RSP) - below;
  }

  low(reg: number): number {
    return this.#regs[this.#regsAt + 2 * reg] as number;
  }

  high(reg: number): number {
    return this.#regs[this.#regsAt + 2 * reg + 1] as number;
  }

  /** A register's value as a number: exact for the guest's addresses. */
  address(reg: number): number {
    return this.high(reg) * HALF + this.low(reg);
  }

  /** Poison is nobody's promise, and a register the image does not name (below 0) shows nothing. */
  isReg(reg: number, want: Word): boolean {
    if (want === undefined || reg < 0) return true;
    this.#word[0] = want;
    return this.low(reg) === this.#wanted[0] && this.high(reg) === this.#wanted[1];
  }

  /** False for a word that is not in the window. */
  isWordAt(address: number, want: Word): boolean {
    if (want === undefined) return true;
    const at = this.#find(address, 2 * HALF_BYTES);
    if (at < 0) return false;
    this.#word[0] = want;
    return this.#half(at) === this.#wanted[0] && this.#half(at + HALF_BYTES) === this.#wanted[1];
  }

  /** A word on the stack as a number; NaN if it is not in the window. */
  wordAt(address: number): number {
    const at = this.#find(address, 2 * HALF_BYTES);
    return at < 0 ? Number.NaN : this.#half(at) + HALF * this.#half(at + HALF_BYTES);
  }

  /** The `depth` bytes below `fp`, laid on those wanted at their ends; false if they are not all in the window. */
  areBytesBelow(fp: number, depth: number, want: StackBytes | null): boolean {
    const at = this.#find(fp - depth, depth);
    if (at < 0 || want === null) return at >= 0;
    const { bytes } = want;
    const shift = at + depth - bytes.length;
    const from = Math.max(0, bytes.length - depth);
    const areHalves = (shift | from) % HALF_BYTES === 0 && this.#windowHalves.length > 0;
    return areHalves && want.isIn !== undefined
      ? want.isIn(this.#windowHalves, shift, from)
      : this.#areBytes(want, shift, from);
  }

  /** From index `from` of those wanted on: whether they are the same as what lies `shift` bytes further on in the window. */
  #areBytes({ bytes, poison }: StackBytes, shift: number, from: number): boolean {
    const window = this.#window;
    for (let i = from; i < bytes.length; i++)
      if (poison?.[i] !== 1 && bytes[i] !== window[shift + i]) return false;
    return true;
  }

  /** Index in `#window`, or -1. */
  #find(address: number, size: number): number {
    const offset = address - this.#windowStart;
    return offset >= 0 && offset + size <= this.#windowBytes ? this.#windowAt + offset : -1;
  }

  #half(at: number): number {
    const bytes = this.#window;
    const [a, b] = [bytes[at] as number, bytes[at + 1] as number];
    const [c, d] = [bytes[at + 2] as number, bytes[at + 3] as number];
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}
