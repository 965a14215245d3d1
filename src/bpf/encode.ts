/** Instructions to wire bytes: decode.ts backwards, from the same rows. RFC 9669 §3. */
import {
  ALU_ROWS,
  CAST_ROWS,
  CLASS_ALU,
  CLASS_ALU64,
  MOVSX_CODE,
  SOURCE_X,
  SWAP_CODE,
  SWAP_ROWS,
} from './alu.ts';
import { ATOMIC_ROWS } from './atomic.ts';
import type { Insn, Slots } from './insn.ts';
import {
  CALL_CODE,
  CALL_SRC,
  CLASS_JMP,
  CLASS_JMP32,
  EXIT_CODE,
  JA_CODE,
  JCOND_CODE,
  JUMP_ROWS,
} from './jump.ts';
import {
  ACCESS_MODE,
  CLASS_LD,
  CLASS_LDX,
  CLASS_ST,
  CLASS_STX,
  LDDW_OPCODE,
  MODE,
  sizeRow,
} from './load-store.ts';

const codeOf = (rows: readonly { readonly name: string; readonly code: number }[]): Map<string, number> =>
  new Map(rows.map((row) => [row.name, row.code]));

const ALU = new Map<string, (typeof ALU_ROWS)[number]>(ALU_ROWS.map((row) => [row.name, row]));
const JUMP = codeOf(JUMP_ROWS);
const SWAP = new Map<string, (typeof SWAP_ROWS)[number]>(SWAP_ROWS.map((row) => [row.name, row]));
const ATOMIC = new Map<string, number>(ATOMIC_ROWS.map((row) => [row.name, row.imm]));

/** Opcode byte, dst, src, off, imm. */
type Fields = readonly [opcode: number, dst: number, src: number, off: number, imm: number];

/** Bytes of the program, 8 a slot. */
export function encode(slots: Slots): Uint8Array {
  const bytes = new Uint8Array(slots.length * 8);
  const view = new DataView(bytes.buffer);
  let pc = 0;
  const put: Put<void> = (opcode, dst, src, off, imm) => {
    const at = pc * 8;
    bytes[at] = opcode;
    bytes[at + 1] = (src << 4) | dst;
    view.setInt16(at + 2, off, true);
    view.setInt32(at + 4, imm, true);
  };
  for (; pc < slots.length; pc++) {
    const insn = slots[pc];
    if (insn === undefined) continue;
    wire(insn, put);
    if (insn.kind === 'lddw') {
      view.setInt32(pc * 8 + 12, half(insn.imm, 1), true);
      pc++;
    }
  }
  return bytes;
}

const HALVES = new DataView(new ArrayBuffer(8));

/** The low half (0) or the high half (1) of a 64-bit word, signed. */
function half(word: bigint, which: 0 | 1): number {
  HALVES.setBigUint64(0, word, true);
  return HALVES.getInt32(4 * which, true);
}

/** The wire fields of an instruction (of the first slot, if it is wide). */
export const fields = (insn: Insn): Fields => wire(insn, (...all) => all);

type Put<T> = (...fields: Fields) => T;

/** Hands the fields over one by one: a list of them for each instruction would cost more than writing them. */
function wire<T>(insn: Insn, put: Put<T>): T {
  switch (insn.kind) {
    case 'alu': {
      const row = ALU.get(insn.op) as (typeof ALU_ROWS)[number];
      const cls = insn.width === 64 ? CLASS_ALU64 : CLASS_ALU;
      return put((row.code << 4) | sourceBit(insn.source) | cls, insn.dst, insn.src, row.off, insn.imm);
    }
    case 'movsx': {
      const cls = insn.width === 64 ? CLASS_ALU64 : CLASS_ALU;
      return put((MOVSX_CODE << 4) | SOURCE_X | cls, insn.dst, insn.src, insn.bits, 0);
    }
    case 'cast': {
      const row = CAST_ROWS.find(({ to }) => to === insn.to) as (typeof CAST_ROWS)[number];
      return put((MOVSX_CODE << 4) | SOURCE_X | CLASS_ALU64, insn.dst, insn.src, row.off, row.imm);
    }
    case 'swap': {
      const row = SWAP.get(insn.op) as (typeof SWAP_ROWS)[number];
      return put((SWAP_CODE << 4) | row.sourceBit | row.class, insn.dst, 0, 0, insn.bits);
    }
    case 'lddw':
      return put(LDDW_OPCODE, insn.dst, insn.src, 0, half(insn.imm, 0));
    case 'ldx': {
      const modes = insn.access === undefined ? MODE : ACCESS_MODE[insn.access];
      const mode = insn.sign ? modes.memsx : modes.mem;
      return put(mode | sizeRow(insn.size).bits | CLASS_LDX, insn.dst, insn.src, insn.off, 0);
    }
    case 'stx':
      return put(modesOf(insn).mem | sizeRow(insn.size).bits | CLASS_STX, insn.dst, insn.src, insn.off, 0);
    case 'st':
      return put(modesOf(insn).mem | sizeRow(insn.size).bits | CLASS_ST, insn.dst, 0, insn.off, insn.imm);
    case 'atomic': {
      const opcode = modesOf(insn).atomic | sizeRow(insn.size).bits | CLASS_STX;
      return put(opcode, insn.dst, insn.src, insn.off, ATOMIC.get(insn.op) ?? 0);
    }
    case 'ld_abs':
    case 'ld_ind': {
      const mode = insn.kind === 'ld_abs' ? MODE.abs : MODE.ind;
      return put(mode | sizeRow(insn.size).bits | CLASS_LD, 0, insn.src, 0, insn.imm);
    }
    case 'ja':
      return insn.width === 16
        ? put((JA_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0)
        : put((JA_CODE << 4) | CLASS_JMP32, 0, 0, 0, insn.off);
    case 'jcc': {
      const cls = insn.width === 64 ? CLASS_JMP : CLASS_JMP32;
      const opcode = ((JUMP.get(insn.op) ?? 0) << 4) | sourceBit(insn.source) | cls;
      return put(opcode, insn.dst, insn.src, insn.off, insn.imm);
    }
    case 'may_goto':
      return put((JCOND_CODE << 4) | CLASS_JMP, 0, 0, insn.off, 0);
    case 'call':
      return put((CALL_CODE << 4) | CLASS_JMP, 0, CALL_SRC[insn.target], insn.off, insn.imm);
    case 'callx':
      return put((CALL_CODE << 4) | SOURCE_X | CLASS_JMP, insn.dst, 0, 0, 0);
    case 'exit':
      return put((EXIT_CODE << 4) | CLASS_JMP, 0, 0, 0, 0);
  }
}

const modesOf = ({
  access,
}: {
  readonly access?: 'arena';
}): { readonly mem: number; readonly atomic: number } => (access === undefined ? MODE : ACCESS_MODE.arena);

const sourceBit = (source: 'K' | 'X'): number => (source === 'X' ? SOURCE_X : 0);
