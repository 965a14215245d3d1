/**
 * The first word of an instruction on the wire: opcode byte, dst, src and off; decode-wire.ts backwards, from the same
 * rows. RFC 9669 §3. Here is what the kind and its operation say of it, `off` included where that is what tells
 * operations apart.
 */
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
import type {
  AluInsn,
  AtomicInsn,
  CastInsn,
  JccInsn,
  LdxInsn,
  LegacyLoadInsn,
  StInsn,
  SwapInsn,
  Width,
} from './insn.ts';
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

/** dst and src in their places. */
export const registers = (dst: number, src: number): number => (dst << 8) | (src << 12);

/** Of each row a number, by its name. */
const byName = <R extends { readonly name: string }>(
  rows: readonly R[],
  number: (row: R) => number,
): ReadonlyMap<string, number> => new Map(rows.map((row) => [row.name, number(row)]));

const ALU = byName<AluRow>(ALU_ROWS, ({ code, off }) => (code << 4) | (off << 16));
const JUMP = byName<JumpRow>(JUMP_ROWS, ({ code }) => code << 4);
const SWAP = byName<SwapRow>(SWAP_ROWS, (row) => (SWAP_CODE << 4) | row.sourceBit | row.class);
const CAST: ReadonlyMap<string, (typeof CAST_ROWS)[number]> = new Map(CAST_ROWS.map((row) => [row.to, row]));
const ATOMIC = byName<AtomicRow>(ATOMIC_ROWS, ({ imm }) => imm);
/** By bytes. */
const SIZE_BITS: readonly number[] = Array.from(
  { length: 9 },
  (_, size) => SIZE_ROWS.find(({ bytes }) => bytes === size)?.bits ?? 0,
);

const aluClass = (width: Width): number => (width === 64 ? CLASS_ALU64 : CLASS_ALU);
const jumpClass = (width: Width): number => (width === 64 ? CLASS_JMP : CLASS_JMP32);
const sourceBit = (source: 'K' | 'X'): number => (source === 'X' ? SOURCE_X : 0);
const sizeBits = (size: Size): number => SIZE_BITS[size] as number;

export const aluWord = (op: AluInsn['op'], width: Width, source: 'K' | 'X'): number =>
  (ALU.get(op) as number) | sourceBit(source) | aluClass(width);

export const movsxWord = (width: Width, bits: number): number =>
  (MOVSX_CODE << 4) | SOURCE_X | aluClass(width) | (bits << 16);

export const castWord = (to: CastInsn['to']): number => movsxWord(64, CAST.get(to)?.off as number);
export const castImm = (to: CastInsn['to']): number => CAST.get(to)?.imm as number;

export const swapWord = (op: SwapInsn['op']): number => SWAP.get(op) as number;

export const LDDW_WORD = LDDW_OPCODE;

export function ldxWord(size: Size, sign: boolean, access: LdxInsn['access']): number {
  const modes = access === undefined ? MODE : ACCESS_MODE[access];
  return (sign ? modes.memsx : modes.mem) | sizeBits(size) | CLASS_LDX;
}

const memMode = (access: StInsn['access']): number =>
  access === undefined ? MODE.mem : ACCESS_MODE.arena.mem;
export const stxWord = (size: Size, access: StInsn['access']): number =>
  memMode(access) | sizeBits(size) | CLASS_STX;
export const stWord = (size: Size, access: StInsn['access']): number =>
  memMode(access) | sizeBits(size) | CLASS_ST;

export const atomicWord = (size: Size, access: AtomicInsn['access']): number =>
  (access === undefined ? MODE.atomic : ACCESS_MODE.arena.atomic) | sizeBits(size) | CLASS_STX;
export const atomicImm = (op: AtomicInsn['op']): number => ATOMIC.get(op) as number;

export const legacyWord = (kind: LegacyLoadInsn['kind'], size: Size): number =>
  (kind === 'ld_abs' ? MODE.abs : MODE.ind) | sizeBits(size) | CLASS_LD;

export const jccWord = (op: JccInsn['op'], width: Width, source: 'K' | 'X'): number =>
  (JUMP.get(op) as number) | sourceBit(source) | jumpClass(width);

/** Width 16: class JMP, 32: JMP32. */
export const jaWord = (width: 16 | 32): number => (JA_CODE << 4) | (width === 16 ? CLASS_JMP : CLASS_JMP32);
export const MAY_GOTO_WORD = (JCOND_CODE << 4) | CLASS_JMP;
export const EXIT_WORD = (EXIT_CODE << 4) | CLASS_JMP;
export const CALLX_WORD = (CALL_CODE << 4) | SOURCE_X | CLASS_JMP;

export const callWord = (target: keyof typeof CALL_SRC): number =>
  (CALL_CODE << 4) | CLASS_JMP | registers(0, CALL_SRC[target]);
