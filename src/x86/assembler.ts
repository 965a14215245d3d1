/**
 * Emits forms into a growing buffer. One method per shape; operands are register numbers, displacements and
 * immediates. A memory operand is `[base + disp]` and always carries a displacement, of 8 bits where it fits:
 * that is how Linux's JIT writes it, even for 0. SDM 2A §2.1.5 (ModRM, SIB), §2.2.1 (REX), §2.3.5 (VEX).
 */
import type { Form } from './form.ts';
import { NOPS } from './forms.ts';
import type { Gpr } from './reg.ts';

export const fitsInt8 = (value: number): boolean => value >= -128 && value <= 127;

const SHORT_COPY = 64;
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
    return this.#bytes.slice(0, this.#at);
  }

  /** Forgets everything, keeps the buffer. */
  reset(): void {
    this.#at = 0;
  }

  none(form: Form<'none'>): void {
    this.#room();
    if (form.forceRex) this.#byte(form.rex);
    this.#opcode(form, 0);
  }

  /** Register in the opcode: `push r64`. */
  o(form: Form<'o'>, reg: Gpr): void {
    this.#room();
    this.#rex(form, reg > 7 ? REX_B : 0, false);
    this.#opcode(form, reg & 7);
  }

  /** Register in the opcode, and an immediate: `mov r32, imm32`. */
  oi(form: Form<'oi'>, reg: Gpr, imm: number | bigint): void {
    this.#room();
    this.#rex(form, reg > 7 ? REX_B : 0, false);
    this.#opcode(form, reg & 7);
    this.#imm(form, imm);
  }

  /** Accumulator and immediate: `add rax, imm32`. */
  i(form: Form<'i'>, imm: number): void {
    this.#room();
    if (form.forceRex) this.#byte(form.rex);
    this.#opcode(form, 0);
    this.#imm(form, imm);
  }

  /** Displacement relative to the next instruction. */
  rel(form: Form<'rel'>, displacement: number): void {
    this.#room();
    this.#opcode(form, 0);
    this.#imm(form, displacement);
  }

  /** One register: `neg rm64`. */
  m(form: Form<'m'>, rm: Gpr): void {
    this.#room();
    this.#rex(form, rm > 7 ? REX_B : 0, false);
    this.#opcode(form, 0);
    this.#byte(0xc0 | form.digit | (rm & 7));
  }

  /** One word of memory: `push [base + disp]`. */
  memOne(form: Form<'m'>, base: Gpr, disp: number): void {
    this.#room();
    this.#rex(form, base > 7 ? REX_B : 0, false);
    this.#opcode(form, 0);
    this.#memory(form.digit, base, disp);
  }

  /** Register and immediate: `add rm64, imm8`. */
  mi(form: Form<'mi'>, rm: Gpr, imm: number): void {
    this.#room();
    this.#rex(form, rm > 7 ? REX_B : 0, form.byteRm && rm > 3);
    this.#opcode(form, 0);
    this.#byte(0xc0 | form.digit | (rm & 7));
    this.#imm(form, imm);
  }

  /** Memory and immediate: `mov [base + disp], imm32`. */
  memImm(form: Form<'mi'>, base: Gpr, disp: number, imm: number): void {
    this.#room();
    this.#rex(form, base > 7 ? REX_B : 0, false);
    this.#opcode(form, 0);
    this.#memory(form.digit, base, disp);
    this.#imm(form, imm);
  }

  /** Two registers, rm first whatever the direction: `mov rm64, r64`, `movsx r64, rm8`. */
  mr(form: Form<'mr'>, rm: Gpr, reg: Gpr): void {
    this.#room();
    this.#rex(form, bits(rm, reg), (form.byteReg && reg > 3) || (form.byteRm && rm > 3));
    this.#opcode(form, 0);
    this.#byte(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** Memory and register, memory first whatever the direction. */
  mem(form: Form<'mr'>, base: Gpr, disp: number, reg: Gpr): void {
    this.#room();
    this.#rex(form, bits(base, reg), form.byteReg && reg > 3);
    this.#opcode(form, 0);
    this.#memory((reg & 7) << 3, base, disp);
  }

  /** As `mem`, of 16 bits or more, with a displacement of 32 bits whatever it is. */
  memWide(form: Form<'mr'>, base: Gpr, disp: number, reg: Gpr): void {
    this.#room();
    this.#rex(form, bits(base, reg), false);
    this.#opcode(form, 0);
    this.#memory((reg & 7) << 3, base, disp, false);
  }

  /**
   * `[base + 8 * index + disp32]` and register, of 16 bits or more; index and base are of rax to rdi, index is not
   * rsp. SDM 2A, table 2-3.
   */
  memIndex8(form: Form<'mr'>, base: Gpr, index: Gpr, disp: number, reg: Gpr): void {
    this.#room();
    this.#rex(form, bits(0, reg), false);
    this.#opcode(form, 0);
    this.#byte(0x80 | ((reg & 7) << 3) | 4);
    this.#byte(0xc0 | (index << 3) | base);
    this.#view.setInt32(this.#at, disp, true);
    this.#at += 4;
  }

  /** `[base]` and immediate, without displacement: base is one of rax to rdi, neither rsp nor rbp. */
  atImm(form: Form<'mi'>, base: Gpr, imm: number): void {
    this.#room();
    this.#rex(form, 0, false);
    this.#opcode(form, 0);
    this.#byte(form.digit | base);
    this.#imm(form, imm);
  }

  /** Two registers and an immediate: `imul r64, rm64, imm8`. */
  mri(form: Form<'mri'>, rm: Gpr, reg: Gpr, imm: number): void {
    this.#room();
    this.#rex(form, bits(rm, reg), false);
    this.#opcode(form, 0);
    this.#byte(0xc0 | ((reg & 7) << 3) | (rm & 7));
    this.#imm(form, imm);
  }

  /** Three registers: `shlx reg, rm, count`. SDM 2A §2.3.5: R, X, B and vvvv are stored inverted. */
  vex(form: Form<'vex'>, reg: Gpr, rm: Gpr, count: Gpr): void {
    this.#room();
    this.#byte(0xc4);
    this.#byte((reg > 7 ? 0 : 0x80) | 0x40 | (rm > 7 ? 0 : 0x20) | 0x02);
    this.#byte(form.vex | ((~count & 15) << 3));
    this.#opcode(form, 0);
    this.#byte(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** So many bytes of nops, in as few instructions as can be. */
  nops(count: number): void {
    for (let left = count; left > 0; ) {
      const size = Math.min(left, NOPS.length - 1);
      this.#room();
      for (const byte of NOPS[size] as readonly number[]) this.#byte(byte);
      left -= size;
    }
  }

  /** Bytes [from, to) as they are. */
  raw(bytes: Uint8Array, from = 0, to = bytes.length): void {
    while (this.#at + to - from > this.#bytes.length) this.#grow();
    // Typically a few instructions: cheaper than a view of them.
    if (to - from <= SHORT_COPY) for (let k = from; k < to; k++) this.#byte(bytes[k] as number);
    else {
      this.#bytes.set(bytes.subarray(from, to), this.#at);
      this.#at += to - from;
    }
  }

  /** Overwrites a byte emitted earlier. */
  patch8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Overwrites a 32-bit little-endian field emitted earlier. */
  patch32(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  /** Lock, operand-size prefix and REX, in the order the SDM wants. */
  #rex(form: Form, extension: number, force: boolean): void {
    if (form.lock) this.#byte(0xf0);
    if (form.prefix !== 0) this.#byte(form.prefix);
    if (extension !== 0 || force || form.forceRex) this.#byte(form.rex | extension);
  }

  #opcode(form: Form, plus: number): void {
    const { opcode } = form;
    const last = opcode.length - 1;
    for (let k = 0; k < last; k++) this.#byte(opcode[k] as number);
    this.#byte((opcode[last] as number) + plus);
  }

  #memory(reg: number, base: Gpr, disp: number, short = fitsInt8(disp)): void {
    this.#byte((short ? 0x40 : 0x80) | reg | (base & 7));
    // rsp and r12 name the SIB byte in this field, so they need one that says "no index".
    if ((base & 7) === 4) this.#byte(0x24);
    if (short) this.#byte(disp & 0xff);
    else {
      this.#view.setInt32(this.#at, disp, true);
      this.#at += 4;
    }
  }

  #imm(form: Form, imm: number | bigint): void {
    switch (form.immBytes) {
      case 1:
        this.#byte(Number(imm) & 0xff);
        break;
      case 2:
        this.#view.setInt16(this.#at, Number(imm), true);
        this.#at += 2;
        break;
      case 4:
        this.#view.setInt32(this.#at, Number(imm), true);
        this.#at += 4;
        break;
      case 8:
        this.#view.setBigUint64(this.#at, BigInt.asUintN(64, BigInt(imm)), true);
        this.#at += 8;
        break;
    }
  }

  /** Room for the longest instruction (15 bytes). */
  #room(): void {
    if (this.#at + 16 > this.#bytes.length) this.#grow();
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

const bits = (rm: Gpr, reg: Gpr): number => (rm > 7 ? REX_B : 0) | (reg > 7 ? REX_R : 0);
