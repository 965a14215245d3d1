/** Instructions in the forms that programs made here are mostly of: 64 bits wide. `store*(dst, off, …)` as in C. */
import type { AluInsn, Insn, JccInsn } from './insn.ts';

export const EXIT_INSN: Insn = { kind: 'exit' };

/** `dst op= imm`. */
export const aluImm = (op: AluInsn['op'], dst: number, imm: number): AluInsn => ({
  kind: 'alu',
  op,
  width: 64,
  source: 'K',
  dst,
  src: 0,
  imm,
});

/** `dst op= src`. */
export const aluReg = (op: AluInsn['op'], dst: number, src: number): AluInsn => ({
  kind: 'alu',
  op,
  width: 64,
  source: 'X',
  dst,
  src,
  imm: 0,
});

/** `dst = imm`, sign-extended. */
export const movImm = (dst: number, imm: number): AluInsn => aluImm('mov', dst, imm);

/** `dst = src`. */
export const movReg = (dst: number, src: number): AluInsn => aluReg('mov', dst, src);

/** `dst = *(u64 *)(src + off)`. */
export const load = (dst: number, src: number, off: number): Insn => ({
  kind: 'ldx',
  size: 8,
  sign: false,
  dst,
  src,
  off,
});

/** `*(u64 *)(dst + off) = src`. */
export const storeReg = (dst: number, off: number, src: number): Insn => ({
  kind: 'stx',
  size: 8,
  dst,
  src,
  off,
});

/** `if dst op imm goto +off`. */
export const jccImm = (op: JccInsn['op'], dst: number, imm: number, off: number): JccInsn => ({
  kind: 'jcc',
  op,
  width: 64,
  source: 'K',
  dst,
  src: 0,
  imm,
  off,
});
