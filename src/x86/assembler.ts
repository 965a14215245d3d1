/**
 * Emits forms into a growing buffer. One method per shape; operands are register numbers, displacements and
 * immediates. A memory operand is `[base + disp]` and always carries a displacement, of 8 bits where it fits:
 * that is how Linux's JIT writes it, even for 0. SDM 2A §2.1.5 (ModRM, SIB), §2.2.1 (REX), §2.3.5 (VEX).
 */
import { Arena } from '../core/arena.ts';
import { high32, low32 } from '../core/u64.ts';
import type { Form } from './form.ts';
import { NOPS } from './forms.ts';
import type { Gpr } from './reg.ts';

export const fitsInt8 = (value: number): boolean => value >= -128 && value <= 127;

const COPIES = new Arena();

const SHORT_COPY = 64;
const MIDDLING_COPY = 512;
/** For the longest instruction, and a word written at its last byte. */
const ROOM = 20;
/** The first four bytes of each nop, little-endian. */
const NOP_WORDS = NOPS.map((bytes) => bytes.slice(0, 4).reduceRight((word, byte) => (word << 8) | byte, 0));
const REX_R = 4;
const REX_B = 1;

export class Assembler {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes emitted so far. */
  get length(): number {
    return this.#at;
  }

  /** What was emitted; valid until the next emit. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** A copy of what was emitted. */
  copy(): Uint8Array {
    return COPIES.copy(this.#bytes, 0, this.#at);
  }

  /** Forgets everything, keeps the buffer. */
  reset(): void {
    this.#at = 0;
  }

  none(form: Form<'none'>): void {
    this.#at = this.#head(form, 0);
  }

  /** Register in the opcode: `push r64`. */
  o(form: Form<'o'>, reg: Gpr): void {
    this.#at = this.#headPlus(form, reg);
  }

  /** Register in the opcode, and an immediate: `mov r32, imm32`. */
  oi(form: Form<'oi'>, reg: Gpr, imm: number | bigint): void {
    if (form.immBytes === 8) {
      const word = BigInt(imm);
      this.oiWide(form, reg, low32(word), high32(word));
    } else this.#at = this.#imm(this.#headPlus(form, reg), form, Number(imm));
  }

  /** The same, of a form of 64 bits, with its halves. */
  oiWide(form: Form<'oi'>, reg: Gpr, low: number, high: number): void {
    const at = this.#headPlus(form, reg);
    this.#view.setInt32(at, low, true);
    this.#view.setInt32(at + 4, high, true);
    this.#at = at + 8;
  }

  /** Accumulator and immediate: `add rax, imm32`. */
  i(form: Form<'i'>, imm: number): void {
    this.#at = this.#imm(this.#head(form, 0), form, imm);
  }

  /** Displacement relative to the next instruction. */
  rel(form: Form<'rel'>, displacement: number): void {
    this.#at = this.#imm(this.#head(form, 0), form, displacement);
  }

  /** One register: `neg rm64`. */
  m(form: Form<'m'>, rm: Gpr): void {
    const at = this.#head(form, rm > 7 ? REX_B : 0);
    this.#at = this.#registers(at, form.digit, rm);
  }

  /** One word of memory: `push [base + disp]`. */
  memOne(form: Form<'m'>, base: Gpr, disp: number): void {
    const at = this.#head(form, base > 7 ? REX_B : 0);
    this.#at = this.#memory(at, form.digit, base, disp, fitsInt8(disp));
  }

  /** Register and immediate: `add rm64, imm8`. */
  mi(form: Form<'mi'>, rm: Gpr, imm: number): void {
    const at = this.#head(form, rm > 7 ? REX_B : 0, form.byteRm && rm > 3);
    this.#at = this.#imm(this.#registers(at, form.digit, rm), form, imm);
  }

  /** Memory and immediate: `mov [base + disp], imm32`. */
  memImm(form: Form<'mi'>, base: Gpr, disp: number, imm: number): void {
    const at = this.#head(form, base > 7 ? REX_B : 0);
    this.#at = this.#imm(this.#memory(at, form.digit, base, disp, fitsInt8(disp)), form, imm);
  }

  /** Two registers, rm first whatever the direction: `mov rm64, r64`, `movsx r64, rm8`. */
  mr(form: Form<'mr'>, rm: Gpr, reg: Gpr): void {
    const at = this.#head(form, bits(rm, reg), (form.byteReg && reg > 3) || (form.byteRm && rm > 3));
    this.#at = this.#registers(at, (reg & 7) << 3, rm);
  }

  /** Memory and register, memory first whatever the direction. */
  mem(form: Form<'mr'>, base: Gpr, disp: number, reg: Gpr): void {
    const at = this.#head(form, bits(base, reg), form.byteReg && reg > 3);
    this.#at = this.#memory(at, (reg & 7) << 3, base, disp, fitsInt8(disp));
  }

  /** As `mem`, of 16 bits or more, with a displacement of 32 bits whatever it is. */
  memWide(form: Form<'mr'>, base: Gpr, disp: number, reg: Gpr): void {
    const at = this.#head(form, bits(base, reg));
    this.#at = this.#memory(at, (reg & 7) << 3, base, disp, false);
  }

  /**
   * `[base + 8 * index + disp32]` and register, of 16 bits or more; index and base are of rax to rdi, index is not
   * rsp. SDM 2A, table 2-3.
   */
  memIndex8(form: Form<'mr'>, base: Gpr, index: Gpr, disp: number, reg: Gpr): void {
    const at = this.#head(form, bits(0, reg));
    this.#bytes[at] = 0x80 | ((reg & 7) << 3) | 4;
    this.#bytes[at + 1] = 0xc0 | (index << 3) | base;
    this.#view.setInt32(at + 2, disp, true);
    this.#at = at + 6;
  }

  /** `[base]` and immediate, without displacement: base is one of rax to rdi, neither rsp nor rbp. */
  atImm(form: Form<'mi'>, base: Gpr, imm: number): void {
    const at = this.#head(form, 0);
    this.#bytes[at] = form.digit | base;
    this.#at = this.#imm(at + 1, form, imm);
  }

  /** Two registers and an immediate: `imul r64, rm64, imm8`. */
  mri(form: Form<'mri'>, rm: Gpr, reg: Gpr, imm: number): void {
    const at = this.#head(form, bits(rm, reg));
    this.#at = this.#imm(this.#registers(at, (reg & 7) << 3, rm), form, imm);
  }

  /** Three registers: `shlx reg, rm, count`. SDM 2A §2.3.5: R, X, B and vvvv are stored inverted. */
  vex(form: Form<'vex'>, reg: Gpr, rm: Gpr, count: Gpr): void {
    const at = this.#room();
    this.#bytes[at] = 0xc4;
    this.#bytes[at + 1] = (reg > 7 ? 0 : 0x80) | 0x40 | (rm > 7 ? 0 : 0x20) | 0x02;
    this.#bytes[at + 2] = form.vex | ((~count & 15) << 3);
    this.#bytes[at + 3] = form.plain.word;
    this.#at = this.#registers(at + 4, (reg & 7) << 3, rm);
  }

  /** So many bytes of nops, in as few instructions as can be. */
  nops(count: number): void {
    for (let left = count; left > 0; ) {
      const size = Math.min(left, NOPS.length - 1);
      const at = this.#room();
      this.#view.setInt32(at, NOP_WORDS[size] as number, true);
      // Those of more bytes end in zeroes.
      this.#view.setInt32(at + 4, 0);
      this.#at = at + size;
      left -= size;
    }
  }

  /** Bytes [from, to) of what another one emitted. */
  append(other: Assembler, from: number, to: number): void {
    if (to - from > MIDDLING_COPY) {
      this.raw(other.#bytes, from, to);
      return;
    }
    const end = this.#at + to - from;
    while (end + ROOM > this.#bytes.length) this.#grow();
    const view = this.#view;
    const source = other.#view;
    // Word by word, the last one past the end: what it writes there is overwritten by what comes next.
    for (let k = from, at = this.#at; k < to; k += 4, at += 4) view.setInt32(at, source.getInt32(k));
    this.#at = end;
  }

  /** Bytes [from, to) as they are. */
  raw(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const end = this.#at + to - from;
    while (end + ROOM > this.#bytes.length) this.#grow();
    // Typically a few instructions: cheaper than a view of them.
    if (to - from <= SHORT_COPY)
      for (let k = from, at = this.#at; k < to; k++, at++) this.#bytes[at] = bytes[k] as number;
    else this.#bytes.set(bytes.subarray(from, to), this.#at);
    this.#at = end;
  }

  /** So many times a byte, 16 at the most. */
  fill(byte: number, count: number): void {
    const at = this.#room();
    const word = 0x01010101 * byte;
    for (let k = 0; k < count; k += 4) this.#view.setInt32(at + k, word);
    this.#at = at + count;
  }

  /** Overwrites a byte emitted earlier. */
  patch8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Overwrites a 32-bit little-endian field emitted earlier. */
  patch32(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  /** Prefixes, REX where it is needed, opcode. Returns where it ends, as do all of these: `#at` is set once, at the end. */
  #head(form: Form, extension: number, force = false): number {
    const at = this.#room();
    const needsRex = extension !== 0 || force || form.forceRex;
    const { word, bytes } = needsRex ? form.rexed : form.plain;
    this.#view.setInt32(at, word | (extension << form.rexShift), true);
    return at + bytes;
  }

  /** The same, with a register added to the last byte of the opcode. */
  #headPlus(form: Form, reg: Gpr): number {
    const end = this.#head(form, reg > 7 ? REX_B : 0);
    this.#bytes[end - 1] = (this.#bytes[end - 1] as number) | (reg & 7);
    return end;
  }

  /** ModRM of two registers, or of one and an opcode extension. */
  #registers(at: number, reg: number, rm: Gpr): number {
    this.#bytes[at] = 0xc0 | reg | (rm & 7);
    return at + 1;
  }

  #memory(at: number, reg: number, base: Gpr, disp: number, short: boolean): number {
    this.#bytes[at] = (short ? 0x40 : 0x80) | reg | (base & 7);
    let end = at + 1;
    // rsp and r12 name the SIB byte in this field, so they need one that says "no index".
    if ((base & 7) === 4) this.#bytes[end++] = 0x24;
    if (short) {
      this.#bytes[end] = disp;
      return end + 1;
    }
    this.#view.setInt32(end, disp, true);
    return end + 4;
  }

  /** Up to 32 bits. What is written past its end is overwritten by what comes next. */
  #imm(at: number, { immBytes }: Form, imm: number): number {
    this.#view.setInt32(at, imm, true);
    return at + immBytes;
  }

  /** Where the next instruction goes, with room for the longest (15 bytes). */
  #room(): number {
    while (this.#at + ROOM > this.#bytes.length) this.#grow();
    return this.#at;
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

const bits = (rm: Gpr, reg: Gpr): number => (rm > 7 ? REX_B : 0) | (reg > 7 ? REX_R : 0);
