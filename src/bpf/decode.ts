/**
 * Wire bytes to instructions. RFC 9669 §3: every field an instruction does not use must be zero; an error
 * names the instruction (slot), the field and its value.
 *
 *   byte 0     1           2-3      4-7
 *   opcode     src:4 dst:4 off s16  imm s32      little-endian
 */
import { badInput } from '../core/errors.ts';
import {
  ALU_ROWS,
  CAST_ROWS,
  CLASS_ALU,
  CLASS_ALU64,
  MOVSX_BITS,
  MOVSX_CODE,
  SOURCE_X,
  SWAP_BITS,
  SWAP_CODE,
  SWAP_ROWS,
} from './alu.ts';
import { decodeLegacyLoad, decodeMemory } from './decode-memory.ts';
import { bad, RESERVED, reg, reserved, unknown, type Wire, zero } from './decode-wire.ts';
import type { Insn } from './insn.ts';
import {
  CALL_CODE,
  CALL_SRC,
  type CallKind,
  CLASS_JMP,
  CLASS_JMP32,
  EXIT_CODE,
  JA_CODE,
  JCOND_CODE,
  JUMP_ROWS,
} from './jump.ts';
import { CLASS_LD, LDDW_OPCODE, LDDW_SRC } from './load-store.ts';
import { type RegisterRange, registerLimit } from './reg.ts';

export interface DecodeOptions {
  /** @defaultValue 'general' */
  readonly registers?: RegisterRange;
}

/** `bytes` is a whole number of 8-byte slots. Throws an `input` error at the first slot that is not BPF. */
export function decode(
  bytes: Uint8Array,
  { registers = 'general' }: DecodeOptions = {},
): (Insn | undefined)[] {
  const limit = registerLimit(registers);
  if (bytes.length === 0) throw badInput('decode', 'program', 'it has no instructions');
  if (bytes.length % 8 !== 0) {
    throw badInput('decode', 'program', `${bytes.length} bytes is not a whole number of 8-byte instructions`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length / 8;
  const slots: (Insn | undefined)[] = new Array(count);
  for (let pc = 0; pc < count; pc++) {
    const wire = readSlot(view, pc, limit);
    if (wire.opcode === LDDW_OPCODE) {
      if (pc + 1 === count)
        throw bad(
          wire,
          'opcode',
          wire.opcode,
          'the second half of the wide instruction is missing',
          'ld-imm64',
        );
      slots[pc] = decodeWide(wire, readSlot(view, pc + 1, limit));
      slots[++pc] = undefined;
    } else {
      slots[pc] = decodeSlot(wire);
    }
  }
  return slots;
}

function readSlot(view: DataView, pc: number, limit: number): Wire {
  const at = pc * 8;
  const regs = view.getUint8(at + 1);
  return {
    pc,
    opcode: view.getUint8(at),
    dst: regs & 15,
    src: regs >> 4,
    off: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
    limit,
  };
}

function decodeSlot(w: Wire): Insn {
  switch (w.opcode & 7) {
    case CLASS_ALU:
    case CLASS_ALU64:
      return decodeAlu(w);
    case CLASS_JMP:
    case CLASS_JMP32:
      return decodeJump(w);
    case CLASS_LD:
      return decodeLegacyLoad(w);
    default:
      return decodeMemory(w);
  }
}

function decodeAlu(w: Wire): Insn {
  const code = w.opcode >> 4;
  const width = (w.opcode & 7) === CLASS_ALU64 ? 64 : 32;
  const source = (w.opcode & SOURCE_X) !== 0 ? 'X' : 'K';
  if (code === SWAP_CODE) return decodeSwap(w);
  if (code === MOVSX_CODE && source === 'X' && width === 64) {
    const cast = CAST_ROWS.find((row) => row.off === w.off && row.imm === w.imm);
    if (cast !== undefined) return { kind: 'cast', to: cast.to, dst: reg(w, 'dst'), src: reg(w, 'src') };
  }
  if (code === MOVSX_CODE && source === 'X' && w.off !== 0) {
    const bits = (MOVSX_BITS[width] as readonly number[]).find((b) => b === w.off) as 8 | 16 | 32 | undefined;
    if (bits === undefined)
      throw reserved(w, 'off', `movsx to ${width} bits takes ${MOVSX_BITS[width].join(', ')}`);
    zero(w, 'imm');
    return { kind: 'movsx', width, bits, dst: reg(w, 'dst'), src: reg(w, 'src') };
  }
  const rows = ALU_ROWS.filter((r) => r.code === code && r.source.includes(source));
  if (rows.length === 0) throw unknown(w);
  const row = rows.find((r) => r.off === w.off);
  if (row === undefined) throw reserved(w, 'off');
  const dst = reg(w, 'dst');
  if (source === 'X') {
    zero(w, 'imm');
    return { kind: 'alu', op: row.name, width, source, dst, src: reg(w, 'src'), imm: 0 };
  }
  zero(w, 'src');
  if (row.name === 'neg') zero(w, 'imm');
  return { kind: 'alu', op: row.name, width, source, dst, src: 0, imm: w.imm };
}

function decodeSwap(w: Wire): Insn {
  const row = SWAP_ROWS.find((r) => r.class === (w.opcode & 7) && r.sourceBit === (w.opcode & SOURCE_X));
  if (row === undefined) throw unknown(w);
  const bits = SWAP_BITS.find((b) => b === w.imm);
  if (bits === undefined) throw reserved(w, 'imm', 'a byte swap takes 16, 32 or 64');
  zero(w, 'src');
  zero(w, 'off');
  return { kind: 'swap', op: row.name, bits, dst: reg(w, 'dst') };
}

function decodeJump(w: Wire): Insn {
  const code = w.opcode >> 4;
  const isJmp = (w.opcode & 7) === CLASS_JMP;
  const source = (w.opcode & SOURCE_X) !== 0 ? 'X' : 'K';
  if (code === CALL_CODE && isJmp) return source === 'K' ? decodeCall(w) : decodeCallx(w);
  const row = JUMP_ROWS.find((r) => r.code === code);
  if (row !== undefined) return decodeConditional(w, row.name, isJmp ? 64 : 32, source);
  if (source === 'X') throw unknown(w);
  if (code === JA_CODE) {
    zero(w, 'dst', 'src', isJmp ? 'imm' : 'off');
    return isJmp ? { kind: 'ja', width: 16, off: w.off } : { kind: 'ja', width: 32, off: w.imm };
  }
  if (code === EXIT_CODE && isJmp) {
    zero(w, 'dst', 'src', 'off', 'imm');
    return { kind: 'exit' };
  }
  if (code === JCOND_CODE && isJmp) {
    zero(w, 'dst', 'src', 'imm');
    return { kind: 'may_goto', off: w.off };
  }
  throw unknown(w);
}

function decodeConditional(
  w: Wire,
  op: (typeof JUMP_ROWS)[number]['name'],
  width: 32 | 64,
  source: 'K' | 'X',
): Insn {
  const dst = reg(w, 'dst');
  if (source === 'X') {
    zero(w, 'imm');
    return { kind: 'jcc', op, width, source, dst, src: reg(w, 'src'), imm: 0, off: w.off };
  }
  zero(w, 'src');
  return { kind: 'jcc', op, width, source, dst, src: 0, imm: w.imm, off: w.off };
}

function decodeCall(w: Wire): Insn {
  const target = (Object.keys(CALL_SRC) as CallKind[]).find((kind) => CALL_SRC[kind] === w.src);
  if (target === undefined)
    throw reserved(w, 'src', 'a call takes 0 (helper), 1 (program-local) or 2 (kfunc)');
  zero(w, 'dst');
  if (target !== 'kfunc') zero(w, 'off');
  return { kind: 'call', target, imm: w.imm, off: w.off };
}

function decodeCallx(w: Wire): Insn {
  zero(w, 'src', 'off', 'imm');
  return { kind: 'callx', dst: reg(w, 'dst') };
}

function decodeWide(low: Wire, high: Wire): Insn {
  if (low.src >= LDDW_SRC.length)
    throw bad(low, 'src', low.src, `lddw takes 0 to ${LDDW_SRC.length - 1}`, 'ld-imm64');
  zero(low, 'off');
  for (const field of ['opcode', 'dst', 'src', 'off'] as const)
    if (high[field] !== 0) throw bad(high, field, high[field], RESERVED, 'ld-imm64');
  const imm = (BigInt.asUintN(32, BigInt(high.imm)) << 32n) | BigInt.asUintN(32, BigInt(low.imm));
  return { kind: 'lddw', dst: reg(low, 'dst'), src: low.src, imm };
}
