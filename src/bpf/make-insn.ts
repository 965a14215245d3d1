/**
 * Instructions in the one shape that those of programs have (insn-shape.ts): first one function a kind, then the forms
 * that programs made here are mostly of: 64 bits wide. `store*(dst, off, …)` as in C.
 */
import { low32 } from '../core/u64.ts';
import type {
  AluInsn,
  AtomicInsn,
  CallInsn,
  CallxInsn,
  CastInsn,
  ExitInsn,
  JaInsn,
  JccInsn,
  LddwInsn,
  LdxInsn,
  LegacyLoadInsn,
  MayGotoInsn,
  MovsxInsn,
  StInsn,
  StxInsn,
  SwapInsn,
} from './insn.ts';
import { fresh } from './insn-shape.ts';
import {
  aluWord,
  atomicImm,
  atomicWord,
  CALLX_WORD,
  callWord,
  castImm,
  castWord,
  EXIT_WORD,
  jaWord,
  jccWord,
  LDDW_WORD,
  ldxWord,
  legacyWord,
  MAY_GOTO_WORD,
  movsxWord,
  registers,
  stWord,
  stxWord,
  swapWord,
} from './wire-word.ts';

export const alu = (
  op: AluInsn['op'],
  width: AluInsn['width'],
  source: AluInsn['source'],
  dst: number,
  src: number,
  imm: number,
): AluInsn => aluOf(aluWord(op, width, source), op, width, source, dst, src, imm);

/** `word`: aluWord() of op, width and source. */
function aluOf(
  word: number,
  op: AluInsn['op'],
  width: AluInsn['width'],
  source: AluInsn['source'],
  dst: number,
  src: number,
  imm: number,
): AluInsn {
  const insn = fresh('alu', word | registers(dst, src), imm);
  insn.op = op;
  insn.width = width;
  insn.source = source;
  insn.dst = dst;
  insn.src = src;
  insn.imm = imm;
  return insn;
}

export function movsx(
  width: MovsxInsn['width'],
  bits: MovsxInsn['bits'],
  dst: number,
  src: number,
): MovsxInsn {
  const insn = fresh('movsx', movsxWord(width, bits) | registers(dst, src), 0);
  insn.width = width;
  insn.bits = bits;
  insn.dst = dst;
  insn.src = src;
  return insn;
}

export function cast(to: CastInsn['to'], dst: number, src: number): CastInsn {
  const insn = fresh('cast', castWord(to) | registers(dst, src), castImm(to));
  insn.to = to;
  insn.dst = dst;
  insn.src = src;
  return insn;
}

export function swap(op: SwapInsn['op'], bits: SwapInsn['bits'], dst: number): SwapInsn {
  const insn = fresh('swap', swapWord(op) | registers(dst, 0), bits);
  insn.op = op;
  insn.bits = bits;
  insn.dst = dst;
  return insn;
}

/** `dst = imm`, unsigned 64 bit; another `src` says that imm is something else (LDDW_SRC). */
export function lddw(dst: number, imm: bigint, src = 0): LddwInsn {
  const insn = fresh('lddw', LDDW_WORD | registers(dst, src), low32(imm));
  insn.dst = dst;
  insn.src = src;
  insn.imm = imm;
  return insn;
}

export function ldx(
  size: LdxInsn['size'],
  sign: boolean,
  dst: number,
  src: number,
  off: number,
  access?: LdxInsn['access'],
): LdxInsn {
  const insn = fresh('ldx', ldxWord(size, sign, access) | registers(dst, src) | (off << 16), 0);
  insn.size = size;
  insn.sign = sign;
  insn.dst = dst;
  insn.src = src;
  insn.off = off;
  if (access !== undefined) insn.access = access;
  return insn;
}

export function stx(
  size: StxInsn['size'],
  dst: number,
  off: number,
  src: number,
  access?: StxInsn['access'],
): StxInsn {
  const insn = fresh('stx', stxWord(size, access) | registers(dst, src) | (off << 16), 0);
  insn.size = size;
  insn.dst = dst;
  insn.src = src;
  insn.off = off;
  if (access !== undefined) insn.access = access;
  return insn;
}

export function st(
  size: StInsn['size'],
  dst: number,
  off: number,
  imm: number,
  access?: StInsn['access'],
): StInsn {
  const insn = fresh('st', stWord(size, access) | registers(dst, 0) | (off << 16), imm);
  insn.size = size;
  insn.dst = dst;
  insn.off = off;
  insn.imm = imm;
  if (access !== undefined) insn.access = access;
  return insn;
}

export function atomic(
  op: AtomicInsn['op'],
  size: AtomicInsn['size'],
  dst: number,
  src: number,
  off: number,
  access?: AtomicInsn['access'],
): AtomicInsn {
  const insn = fresh('atomic', atomicWord(size, access) | registers(dst, src) | (off << 16), atomicImm(op));
  insn.op = op;
  insn.size = size;
  insn.dst = dst;
  insn.src = src;
  insn.off = off;
  if (access !== undefined) insn.access = access;
  return insn;
}

export function legacyLoad(
  kind: LegacyLoadInsn['kind'],
  size: LegacyLoadInsn['size'],
  src: number,
  imm: number,
): LegacyLoadInsn {
  const insn = fresh(kind, legacyWord(kind, size) | registers(0, src), imm);
  insn.size = size;
  insn.src = src;
  insn.imm = imm;
  return insn;
}

/** `goto +off`. */
export function ja(off: number, width: JaInsn['width'] = 16): JaInsn {
  const insn = fresh('ja', jaWord(width) | (width === 16 ? off << 16 : 0), width === 16 ? 0 : off);
  insn.width = width;
  insn.off = off;
  return insn;
}

export function jcc(
  op: JccInsn['op'],
  width: JccInsn['width'],
  source: JccInsn['source'],
  dst: number,
  src: number,
  imm: number,
  off: number,
): JccInsn {
  const insn = fresh('jcc', jccWord(op, width, source) | registers(dst, src) | (off << 16), imm);
  insn.op = op;
  insn.width = width;
  insn.source = source;
  insn.dst = dst;
  insn.src = src;
  insn.imm = imm;
  insn.off = off;
  return insn;
}

export function mayGoto(off: number): MayGotoInsn {
  const insn = fresh('may_goto', MAY_GOTO_WORD | (off << 16), 0);
  insn.off = off;
  return insn;
}

export function call(target: CallInsn['target'], imm: number, off = 0): CallInsn {
  const insn = fresh('call', callWord(target) | (off << 16), imm);
  insn.target = target;
  insn.imm = imm;
  insn.off = off;
  return insn;
}

export function callx(dst: number): CallxInsn {
  const insn = fresh('callx', CALLX_WORD | registers(dst, 0), 0);
  insn.dst = dst;
  return insn;
}

export const EXIT_INSN: ExitInsn = fresh('exit', EXIT_WORD, 0);

/** `dst op= imm`. */
export const aluImm = (op: AluInsn['op'], dst: number, imm: number, width: AluInsn['width'] = 64): AluInsn =>
  alu(op, width, 'K', dst, 0, imm);

/** `dst op= src`. */
export const aluReg = (op: AluInsn['op'], dst: number, src: number, width: AluInsn['width'] = 64): AluInsn =>
  alu(op, width, 'X', dst, src, 0);

const MOV_IMM = aluWord('mov', 64, 'K');
const ADD_IMM = aluWord('add', 64, 'K');

/** `dst = imm`, sign-extended. */
export const movImm = (dst: number, imm: number): AluInsn => aluOf(MOV_IMM, 'mov', 64, 'K', dst, 0, imm);

/** `dst += imm`. */
export const addImm = (dst: number, imm: number): AluInsn => aluOf(ADD_IMM, 'add', 64, 'K', dst, 0, imm);

/** By dst and src: they are few, and many of each program's instructions are among them. */
const MOVES: AluInsn[] = Array.from({ length: 16 * 16 }, (_, at) => aluReg('mov', at >> 4, at & 15));

/** `dst = src`: the same object each time. */
export const movReg = (dst: number, src: number): AluInsn => MOVES[16 * dst + src] as AluInsn;

/** `dst = *(u64 *)(src + off)`. */
export const load = (dst: number, src: number, off: number): LdxInsn => ldx(8, false, dst, src, off);

/** `*(u64 *)(dst + off) = src`. */
export const storeReg = (dst: number, off: number, src: number): StxInsn => stx(8, dst, off, src);

/** `*(u64 *)(dst + off) = imm`, sign-extended. */
export const storeImm = (dst: number, off: number, imm: number): StInsn => st(8, dst, off, imm);

/** `if dst op imm goto +off`. */
export const jccImm = (
  op: JccInsn['op'],
  dst: number,
  imm: number,
  off: number,
  width: JccInsn['width'] = 64,
): JccInsn => jcc(op, width, 'K', dst, 0, imm, off);
