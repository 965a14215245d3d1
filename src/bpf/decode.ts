/**
 * Wire bytes to instructions. RFC 9669 §3: every field an instruction does not use must be zero; an error
 * names the instruction (slot), the field and its value.
 *
 *   byte 0     1           2-3      4-7
 *   opcode     src:4 dst:4 off s16  imm s32      little-endian
 */
import { badInput, type ErrorParts, OracleError } from '../core/errors.ts';
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
import { ATOMIC_ROWS } from './atomic.ts';
import { isStackArgBase } from './calling.ts';
import type { AtomicInsn, Insn } from './insn.ts';
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
import {
  ACCESS_MODE,
  CLASS_LD,
  CLASS_LDX,
  CLASS_ST,
  CLASS_STX,
  LDDW_OPCODE,
  LDDW_SRC,
  MODE,
  SIZE_ROWS,
  type Size,
} from './load-store.ts';
import { type RegisterRange, registerLimit } from './reg.ts';

/** The fields of one slot as they stand on the wire. */
interface Wire {
  readonly pc: number;
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  /** Numbers below it name registers. */
  readonly limit: number;
}

export interface DecodeOptions {
  /** @defaultValue 'general' */
  readonly registers?: RegisterRange;
}

/** What is wrong with an instruction that cannot be decoded. */
export interface Flaw {
  readonly kind: 'opcode' | 'reserved-field' | 'ld-imm64' | 'other';
  /** Slot. */
  readonly pc: number;
  readonly opcode: number;
}

class DecodeError extends OracleError {
  readonly flaw: Flaw;

  constructor(flaw: Flaw, parts: ErrorParts) {
    super('input', parts);
    this.flaw = flaw;
  }
}

/** The flaw that brought an error about, if it was one. */
export function flawOf(error: unknown): Flaw | undefined {
  if (error instanceof DecodeError) return error.flaw;
  return error instanceof Error && error.cause !== undefined ? flawOf(error.cause) : undefined;
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

function decodeLegacyLoad(w: Wire): Insn {
  const mode = w.opcode & 0xe0;
  const size = sizeOf(w.opcode);
  if ((mode !== MODE.abs && mode !== MODE.ind) || size === 8) throw unknown(w);
  zero(w, 'dst', 'off');
  if (mode === MODE.abs) zero(w, 'src');
  return {
    kind: mode === MODE.abs ? 'ld_abs' : 'ld_ind',
    size,
    src: mode === MODE.ind ? reg(w, 'src') : 0,
    imm: w.imm,
  };
}

function decodeMemory(w: Wire): Insn {
  const mode = w.opcode & 0xe0;
  const size = sizeOf(w.opcode);
  const cls = w.opcode & 7;
  if (mode === MODE.mem && cls === CLASS_LDX) {
    zero(w, 'imm');
    return { kind: 'ldx', size, sign: false, dst: reg(w, 'dst'), src: base(w, 'src', size), off: w.off };
  }
  if (mode === MODE.memsx && cls === CLASS_LDX && size !== 8) {
    zero(w, 'imm');
    return { kind: 'ldx', size, sign: true, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off };
  }
  if (mode === MODE.mem && cls === CLASS_STX) {
    zero(w, 'imm');
    return { kind: 'stx', size, dst: base(w, 'dst', size), src: reg(w, 'src'), off: w.off };
  }
  if (mode === MODE.mem && cls === CLASS_ST) {
    zero(w, 'src');
    return { kind: 'st', size, dst: base(w, 'dst', size), off: w.off, imm: w.imm };
  }
  if (mode === MODE.atomic && cls === CLASS_STX) return decodeAtomic(w, size);
  return decodeLinuxAccess(w, mode, size);
}

/** What Linux's verifier makes of loads and stores. */
function decodeLinuxAccess(w: Wire, mode: number, size: Size): Insn {
  const cls = w.opcode & 7;
  const { probe, arena } = ACCESS_MODE;
  if (cls === CLASS_LDX) {
    const access = mode === probe.mem || mode === probe.memsx ? 'probe' : 'arena';
    const sign = mode === ACCESS_MODE[access].memsx;
    if ((sign && size === 8) || (!sign && mode !== ACCESS_MODE[access].mem)) throw unknown(w);
    zero(w, 'imm');
    return { kind: 'ldx', size, sign, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off, access };
  }
  if (mode === arena.mem && cls === CLASS_STX) {
    zero(w, 'imm');
    return { kind: 'stx', size, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off, access: 'arena' };
  }
  if (mode === arena.mem && cls === CLASS_ST) {
    zero(w, 'src');
    return { kind: 'st', size, dst: reg(w, 'dst'), off: w.off, imm: w.imm, access: 'arena' };
  }
  if (mode === arena.atomic && cls === CLASS_STX) return { ...decodeAtomic(w, size), access: 'arena' };
  throw unknown(w);
}

function decodeAtomic(w: Wire, size: Size): AtomicInsn {
  const row = ATOMIC_ROWS.find((r) => r.imm === w.imm);
  if (row === undefined) throw bad(w, 'imm', w.imm, 'no such atomic operation', 'opcode');
  if (!(row.sizes as readonly Size[]).includes(size)) throw unknown(w);
  return { kind: 'atomic', op: row.name, size, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off };
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

function sizeOf(opcode: number): Size {
  const row = SIZE_ROWS.find((r) => r.bits === (opcode & 0x18));
  return row === undefined ? 4 : row.bytes;
}

type Field = 'opcode' | 'dst' | 'src' | 'off' | 'imm';

function reg(w: Wire, field: 'dst' | 'src'): number {
  const value = w[field];
  if (value < w.limit) return value;
  const why = isStackArgBase(value)
    ? `r${value} is only the base of 8-byte loads and stores of stack arguments`
    : 'registers are 0 to 10';
  throw bad(w, field, value, why);
}

/** A base register: a general one, or r11/r12 for stack arguments, which are 8 bytes wide. */
function base(w: Wire, field: 'dst' | 'src', size: Size): number {
  return size === 8 && isStackArgBase(w[field]) ? w[field] : reg(w, field);
}

function zero(w: Wire, ...fields: readonly Field[]): void {
  for (const field of fields) if (w[field] !== 0) throw reserved(w, field);
}

const RESERVED = 'this field is reserved and must be 0';

const reserved = (w: Wire, field: Field, why = RESERVED): OracleError =>
  bad(w, field, w[field], why, 'reserved-field');

const unknown = (w: Wire): OracleError => bad(w, 'opcode', w.opcode, 'no such instruction', 'opcode');

function bad(w: Wire, field: Field, value: number, why: string, kind: Flaw['kind'] = 'other'): OracleError {
  const shown =
    field === 'opcode' || (field === 'imm' && value >= 0)
      ? `0x${value.toString(16).padStart(2, '0')}`
      : `${value}`;
  const opcode = `0x${w.opcode.toString(16).padStart(2, '0')}`;
  const parts = {
    what: 'decode',
    where: `insn ${w.pc} (opcode ${opcode})`,
    why: `${field} is ${shown}: ${why}`,
  };
  return new DecodeError({ kind, pc: w.pc, opcode: w.opcode }, parts);
}
