/** Instructions to wire bytes: decode.ts backwards, from the same rows. RFC 9669 §3. */
import { high32, low32 } from '../core/u64.ts';
import {
  ALU_ROWS,
  type AluRow,
  CAST_ROWS,
  CLASS_ALU,
  CLASS_ALU64,
  MOVSX_CODE,
  SOURCE_X,
  SWAP_CODE,
  SWAP_ROWS,
  type SwapRow,
} from './alu.ts';
import { ATOMIC_ROWS, type AtomicRow } from './atomic.ts';
import type { Insn, LdxInsn, Slots, StInsn, StxInsn } from './insn.ts';
import {
  CALL_CODE,
  CALL_SRC,
  CLASS_JMP,
  CLASS_JMP32,
  EXIT_CODE,
  JA_CODE,
  JCOND_CODE,
  JUMP_ROWS,
  type JumpRow,
} from './jump.ts';
import {
  ACCESS_MODE,
  CLASS_LD,
  CLASS_LDX,
  CLASS_ST,
  CLASS_STX,
  LDDW_OPCODE,
  MODE,
  SIZE_ROWS,
  type Size,
} from './load-store.ts';
import { uniformSlots } from './uniform.ts';

/** Of each row a number, by its name. */
const byName = <R extends { readonly name: string }>(
  rows: readonly R[],
  number: (row: R) => number,
): ReadonlyMap<string, number> => new Map(rows.map((row) => [row.name, number(row)]));

/** Opcode byte, and off above it. */
const ALU = byName<AluRow>(ALU_ROWS, ({ code, off }) => (code << 4) | (off << 8));
const JUMP_OPCODE = byName<JumpRow>(JUMP_ROWS, ({ code }) => code << 4);
const SWAP_OPCODE = byName<SwapRow>(SWAP_ROWS, (row) => (SWAP_CODE << 4) | row.sourceBit | row.class);
/** By bytes. */
const SIZE_BITS: readonly number[] = Array.from(
  { length: 9 },
  (_, size) => SIZE_ROWS.find(({ bytes }) => bytes === size)?.bits ?? 0,
);
const ATOMIC_IMM = byName<AtomicRow>(ATOMIC_ROWS, ({ imm }) => imm);

/** Bytes of the program, 8 a slot. */
export function encode(slots: Slots): Uint8Array {
  const words = encodeWords(slots);
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < words.length; k++) view.setInt32(4 * k, words[k] as number, true);
  return bytes;
}

/** The same as words of 32 bits, two a slot: opcode, dst, src and off; and imm. */
export function encodeWords(slots: Slots): Int32Array {
  const words = new Int32Array(slots.length * 2);
  writeAll(words, slots);
  return words;
}

/** Encodes programs one after the other, all into one block of memory. */
export class Encoder {
  #block = new Int32Array(1024);

  /** As {@link encodeWords}. They last until the next call. */
  encode(slots: Slots): Int32Array {
    const length = slots.length * 2;
    if (length > this.#block.length) this.#block = new Int32Array(2 * length);
    writeAll(this.#block, slots);
    return this.#block.subarray(0, length);
  }
}

/** From the end: a wide instruction writes its second half over that of an empty slot. */
function writeAll(words: Int32Array, slots: Slots): void {
  for (let pc = slots.length - 1; pc >= 0; pc--) {
    const insn = slots[pc];
    if (insn === undefined) put(words, 2 * pc, 0, 0, 0, 0, 0);
    else write(words, 2 * pc, insn);
  }
}

/** Opcode byte, dst, src, off, imm. */
type Fields = readonly [opcode: number, dst: number, src: number, off: number, imm: number];

/** The wire fields of an instruction (of the first slot, if it is wide). */
export function fields(insn: Insn): Fields {
  // What is asked of here has any shape; `write` would remember each, and be slow with those of programs.
  const [head = 0, imm = 0] = encodeWords(uniformSlots([insn, undefined]));
  return [head & 0xff, (head >> 8) & 15, (head >> 12) & 15, head >> 16, imm];
}

/** A slot: a word of opcode, dst, src and off, and one of imm. */
function put(
  words: Int32Array,
  at: number,
  opcode: number,
  dst: number,
  src: number,
  off: number,
  imm: number,
): void {
  words[at] = opcode | (dst << 8) | (src << 12) | (off << 16);
  words[at + 1] = imm;
}

/** The kinds that most are of come first. */
function write(words: Int32Array, at: number, insn: Insn): void {
  switch (insn.kind) {
    case 'alu': {
      const row = ALU.get(insn.op) as number;
      const opcode = (row & 0xff) | sourceBit(insn.source) | aluClass(insn.width);
      return put(words, at, opcode, insn.dst, insn.src, row >> 8, insn.imm);
    }
    case 'lddw':
      put(words, at, LDDW_OPCODE, insn.dst, insn.src, 0, low32(insn.imm));
      return put(words, at + 2, 0, 0, 0, 0, high32(insn.imm));
    case 'stx':
      return put(words, at, memOf(insn) | sizeBits(insn) | CLASS_STX, insn.dst, insn.src, insn.off, 0);
    case 'st':
      return put(words, at, memOf(insn) | sizeBits(insn) | CLASS_ST, insn.dst, 0, insn.off, insn.imm);
    case 'call':
      return put(words, at, (CALL_CODE << 4) | CLASS_JMP, 0, CALL_SRC[insn.target], insn.off, insn.imm);
    case 'ldx':
      return put(words, at, loadMode(insn) | sizeBits(insn) | CLASS_LDX, insn.dst, insn.src, insn.off, 0);
    case 'exit':
      return put(words, at, (EXIT_CODE << 4) | CLASS_JMP, 0, 0, 0, 0);
    case 'jcc': {
      const cls = insn.width === 64 ? CLASS_JMP : CLASS_JMP32;
      const opcode = (JUMP_OPCODE.get(insn.op) as number) | sourceBit(insn.source) | cls;
      return put(words, at, opcode, insn.dst, insn.src, insn.off, insn.imm);
    }
    default:
      return writeOther(words, at, insn);
  }
}

type OtherInsn = Exclude<Insn, { kind: 'alu' | 'lddw' | 'stx' | 'st' | 'call' | 'ldx' | 'exit' | 'jcc' }>;

function writeOther(words: Int32Array, at: number, insn: OtherInsn): void {
  switch (insn.kind) {
    case 'atomic': {
      const mode = insn.access === undefined ? MODE.atomic : ACCESS_MODE.arena.atomic;
      const imm = ATOMIC_IMM.get(insn.op) as number;
      return put(words, at, mode | sizeBits(insn) | CLASS_STX, insn.dst, insn.src, insn.off, imm);
    }
    case 'ja':
      return insn.width === 16
        ? put(words, at, (JA_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0)
        : put(words, at, (JA_CODE << 4) | CLASS_JMP32, 0, 0, 0, insn.off);
    case 'movsx': {
      const opcode = (MOVSX_CODE << 4) | SOURCE_X | aluClass(insn.width);
      return put(words, at, opcode, insn.dst, insn.src, insn.bits, 0);
    }
    case 'cast': {
      const row = CAST_ROWS.find(({ to }) => to === insn.to) as (typeof CAST_ROWS)[number];
      const opcode = (MOVSX_CODE << 4) | SOURCE_X | CLASS_ALU64;
      return put(words, at, opcode, insn.dst, insn.src, row.off, row.imm);
    }
    case 'swap':
      return put(words, at, SWAP_OPCODE.get(insn.op) as number, insn.dst, 0, 0, insn.bits);
    case 'may_goto':
      return put(words, at, (JCOND_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0);
    case 'callx':
      return put(words, at, (CALL_CODE << 4) | SOURCE_X | CLASS_JMP, insn.dst, 0, 0, 0);
    case 'ld_abs':
    case 'ld_ind': {
      const mode = insn.kind === 'ld_abs' ? MODE.abs : MODE.ind;
      return put(words, at, mode | sizeBits(insn) | CLASS_LD, 0, insn.src, 0, insn.imm);
    }
  }
}

const sizeBits = ({ size }: { readonly size: Size }): number => SIZE_BITS[size] as number;

const aluClass = (width: 32 | 64): number => (width === 64 ? CLASS_ALU64 : CLASS_ALU);

const memOf = ({ access }: StInsn | StxInsn): number =>
  access === undefined ? MODE.mem : ACCESS_MODE.arena.mem;

/** Of a load. */
function loadMode({ access, sign }: LdxInsn): number {
  if (access === undefined) return sign ? MODE.memsx : MODE.mem;
  return sign ? ACCESS_MODE[access].memsx : ACCESS_MODE[access].mem;
}

const sourceBit = (source: 'K' | 'X'): number => (source === 'X' ? SOURCE_X : 0);
