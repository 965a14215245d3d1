/**
 * Instructions in the one shape that those of programs have: every object has all fields that any kind has, in one
 * order. What goes through programs reads `kind` of each instruction; JavaScript engines find it at once where all
 * objects are alike, and search for it where there are sixteen sorts of them.
 *
 * First one function a kind, then the forms that programs made here are mostly of: 64 bits wide. `store*(dst, off, …)`
 * as in C.
 */
import type { Mutable } from '../core/mutable.ts';
import type {
  AluInsn,
  AtomicInsn,
  CallInsn,
  CallxInsn,
  CastInsn,
  ExitInsn,
  Insn,
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

/** What any instruction may have; undefined where its kind has no such field. */
class Fields {
  kind: Insn['kind'];
  op: string | undefined = undefined;
  width: number | undefined = undefined;
  source: 'K' | 'X' | undefined = undefined;
  dst: number | undefined = undefined;
  src: number | undefined = undefined;
  off: number | undefined = undefined;
  imm: number | bigint | undefined = undefined;
  size: number | undefined = undefined;
  sign: boolean | undefined = undefined;
  bits: number | undefined = undefined;
  access: string | undefined = undefined;
  to: string | undefined = undefined;
  target: string | undefined = undefined;

  constructor(kind: Insn['kind']) {
    this.kind = kind;
  }
}

const fresh = <K extends Insn['kind']>(kind: K): Mutable<Extract<Insn, { kind: K }>> =>
  new Fields(kind) as unknown as Mutable<Extract<Insn, { kind: K }>>;

/** Whether it was made here. */
export const isUniform = (insn: Insn): boolean => insn instanceof Fields;

export function alu(
  op: AluInsn['op'],
  width: AluInsn['width'],
  source: AluInsn['source'],
  dst: number,
  src: number,
  imm: number,
): AluInsn {
  const insn = fresh('alu');
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
  const insn = fresh('movsx');
  insn.width = width;
  insn.bits = bits;
  insn.dst = dst;
  insn.src = src;
  return insn;
}

export function cast(to: CastInsn['to'], dst: number, src: number): CastInsn {
  const insn = fresh('cast');
  insn.to = to;
  insn.dst = dst;
  insn.src = src;
  return insn;
}

export function swap(op: SwapInsn['op'], bits: SwapInsn['bits'], dst: number): SwapInsn {
  const insn = fresh('swap');
  insn.op = op;
  insn.bits = bits;
  insn.dst = dst;
  return insn;
}

/** `dst = imm`, unsigned 64 bit; another `src` says that imm is something else (LDDW_SRC). */
export function lddw(dst: number, imm: bigint, src = 0): LddwInsn {
  const insn = fresh('lddw');
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
  const insn = fresh('ldx');
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
  const insn = fresh('stx');
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
  const insn = fresh('st');
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
  const insn = fresh('atomic');
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
  const insn = fresh(kind);
  insn.size = size;
  insn.src = src;
  insn.imm = imm;
  return insn;
}

/** `goto +off`. */
export function ja(off: number, width: JaInsn['width'] = 16): JaInsn {
  const insn = fresh('ja');
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
  const insn = fresh('jcc');
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
  const insn = fresh('may_goto');
  insn.off = off;
  return insn;
}

export function call(target: CallInsn['target'], imm: number, off = 0): CallInsn {
  const insn = fresh('call');
  insn.target = target;
  insn.imm = imm;
  insn.off = off;
  return insn;
}

export function callx(dst: number): CallxInsn {
  const insn = fresh('callx');
  insn.dst = dst;
  return insn;
}

export const EXIT_INSN: ExitInsn = fresh('exit');

/** `dst op= imm`. */
export const aluImm = (op: AluInsn['op'], dst: number, imm: number, width: AluInsn['width'] = 64): AluInsn =>
  alu(op, width, 'K', dst, 0, imm);

/** `dst op= src`. */
export const aluReg = (op: AluInsn['op'], dst: number, src: number, width: AluInsn['width'] = 64): AluInsn =>
  alu(op, width, 'X', dst, src, 0);

/** `dst = imm`, sign-extended. */
export const movImm = (dst: number, imm: number): AluInsn => aluImm('mov', dst, imm);

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
