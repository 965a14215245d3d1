/** Instructions to wire bytes: decode.ts backwards, from the same rows. RFC 9669 §3. */
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
  const bytes = new Uint8Array(slots.length * 8);
  writeAll(new DataView(bytes.buffer), slots);
  return bytes;
}

/** Encodes programs one after the other, all into one block of memory. */
export class Encoder {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);

  /** Bytes of the program, 8 a slot. They last until the next call. */
  encode(slots: Slots): Uint8Array {
    const size = slots.length * 8;
    if (size > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 * size);
      this.#view = new DataView(this.#bytes.buffer);
    } else this.#bytes.fill(0, 0, size);
    writeAll(this.#view, slots);
    return this.#bytes.subarray(0, size);
  }
}

function writeAll(view: DataView, slots: Slots): void {
  for (let pc = 0; pc < slots.length; pc++) {
    const insn = slots[pc];
    if (insn !== undefined) write(view, pc * 8, insn);
  }
}

/** Opcode byte, dst, src, off, imm. */
type Fields = readonly [opcode: number, dst: number, src: number, off: number, imm: number];

/** The wire fields of an instruction (of the first slot, if it is wide). */
export function fields(insn: Insn): Fields {
  const view = new DataView(new ArrayBuffer(16));
  // What is asked of here has any shape; `write` would remember each, and be slow with those of programs.
  writeAll(view, uniformSlots([insn]));
  const regs = view.getUint8(1);
  return [view.getUint8(0), regs & 15, regs >> 4, view.getInt16(2, true), view.getInt32(4, true)];
}

/** Four bytes of opcode, dst, src and off, and four of imm. */
function put(
  view: DataView,
  at: number,
  opcode: number,
  dst: number,
  src: number,
  off: number,
  imm: number,
): void {
  view.setInt32(at, opcode | (dst << 8) | (src << 12) | (off << 16), true);
  view.setInt32(at + 4, imm, true);
}

function write(view: DataView, at: number, insn: Insn): void {
  switch (insn.kind) {
    case 'alu': {
      const row = ALU.get(insn.op) as number;
      const opcode = (row & 0xff) | sourceBit(insn.source) | aluClass(insn.width);
      return put(view, at, opcode, insn.dst, insn.src, row >> 8, insn.imm);
    }
    case 'lddw':
      put(view, at, LDDW_OPCODE, insn.dst, insn.src, 0, 0);
      return putHalves(view, at, insn.imm);
    case 'jcc': {
      const cls = insn.width === 64 ? CLASS_JMP : CLASS_JMP32;
      const opcode = (JUMP_OPCODE.get(insn.op) as number) | sourceBit(insn.source) | cls;
      return put(view, at, opcode, insn.dst, insn.src, insn.off, insn.imm);
    }
    case 'ja':
      return insn.width === 16
        ? put(view, at, (JA_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0)
        : put(view, at, (JA_CODE << 4) | CLASS_JMP32, 0, 0, 0, insn.off);
    case 'call':
      return put(view, at, (CALL_CODE << 4) | CLASS_JMP, 0, CALL_SRC[insn.target], insn.off, insn.imm);
    case 'exit':
      return put(view, at, (EXIT_CODE << 4) | CLASS_JMP, 0, 0, 0, 0);
    case 'movsx':
    case 'cast':
    case 'swap':
    case 'may_goto':
    case 'callx':
      return writeOther(view, at, insn);
    default:
      return writeAccess(view, at, insn);
  }
}

type OtherInsn = Extract<Insn, { kind: 'movsx' | 'cast' | 'swap' | 'may_goto' | 'callx' }>;

function writeOther(view: DataView, at: number, insn: OtherInsn): void {
  switch (insn.kind) {
    case 'movsx': {
      const opcode = (MOVSX_CODE << 4) | SOURCE_X | aluClass(insn.width);
      return put(view, at, opcode, insn.dst, insn.src, insn.bits, 0);
    }
    case 'cast': {
      const row = CAST_ROWS.find(({ to }) => to === insn.to) as (typeof CAST_ROWS)[number];
      const opcode = (MOVSX_CODE << 4) | SOURCE_X | CLASS_ALU64;
      return put(view, at, opcode, insn.dst, insn.src, row.off, row.imm);
    }
    case 'swap':
      return put(view, at, SWAP_OPCODE.get(insn.op) as number, insn.dst, 0, 0, insn.bits);
    case 'may_goto':
      return put(view, at, (JCOND_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0);
    case 'callx':
      return put(view, at, (CALL_CODE << 4) | SOURCE_X | CLASS_JMP, insn.dst, 0, 0, 0);
  }
}

type AccessInsn = Extract<Insn, { kind: 'ldx' | 'stx' | 'st' | 'atomic' | 'ld_abs' | 'ld_ind' }>;

function writeAccess(view: DataView, at: number, insn: AccessInsn): void {
  const size = SIZE_BITS[insn.size] as number;
  switch (insn.kind) {
    case 'ldx':
      return put(view, at, loadMode(insn) | size | CLASS_LDX, insn.dst, insn.src, insn.off, 0);
    case 'stx':
      return put(view, at, memOf(insn) | size | CLASS_STX, insn.dst, insn.src, insn.off, 0);
    case 'st':
      return put(view, at, memOf(insn) | size | CLASS_ST, insn.dst, 0, insn.off, insn.imm);
    case 'atomic': {
      const mode = insn.access === undefined ? MODE.atomic : ACCESS_MODE.arena.atomic;
      return put(
        view,
        at,
        mode | size | CLASS_STX,
        insn.dst,
        insn.src,
        insn.off,
        ATOMIC_IMM.get(insn.op) as number,
      );
    }
    case 'ld_abs':
    case 'ld_ind': {
      const mode = insn.kind === 'ld_abs' ? MODE.abs : MODE.ind;
      return put(view, at, mode | size | CLASS_LD, 0, insn.src, 0, insn.imm);
    }
  }
}

/** The number of a wide instruction: the low half is the imm of its first slot, the high half that of its second. */
function putHalves(view: DataView, at: number, imm: bigint): void {
  view.setBigUint64(at + 8, imm, true);
  view.setInt32(at + 4, view.getInt32(at + 8, true), true);
  view.setInt32(at + 8, 0, true);
}

const aluClass = (width: 32 | 64): number => (width === 64 ? CLASS_ALU64 : CLASS_ALU);

const memOf = ({ access }: StInsn | StxInsn): number =>
  access === undefined ? MODE.mem : ACCESS_MODE.arena.mem;

/** Of a load. */
function loadMode({ access, sign }: LdxInsn): number {
  if (access === undefined) return sign ? MODE.memsx : MODE.mem;
  return sign ? ACCESS_MODE[access].memsx : ACCESS_MODE[access].mem;
}

const sourceBit = (source: 'K' | 'X'): number => (source === 'X' ? SOURCE_X : 0);
