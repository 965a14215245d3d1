/** Arithmetic, sign extension, byte swaps, and what fills. */
import { addImm, aluImm, aluReg, movsx, swap } from '../../bpf/make-insn.ts';
import { R10 } from '../../bpf/reg.ts';
import type { Source, Stmt } from '../spec.ts';
import type { FunctionBuilder } from './builder.ts';

export function lowerAlu(b: FunctionBuilder, { op, width, dst, source }: Stmt & { kind: 'alu' }): void {
  if (op !== 'mov') b.ensure(dst);
  if (op === 'neg') {
    b.emit(aluImm(op, dst, 0, width));
  } else if (source.from === 'imm') {
    b.emit(aluImm(op, dst, legalImm(op, width, source.imm), width));
  } else {
    b.emit(aluReg(op, dst, sourceReg(b, source), width));
  }
  b.define(dst);
}

export function lowerMovsx(b: FunctionBuilder, { width, bits, dst, src }: Stmt & { kind: 'movsx' }): void {
  b.emit(movsx(width, bits, dst, b.ensure(src)));
  b.define(dst);
}

export function lowerSwap(b: FunctionBuilder, { op, bits, dst }: Stmt & { kind: 'swap' }): void {
  b.ensure(dst);
  b.emit(swap(op, bits, dst));
}

/** The register a source names, holding something. */
export function sourceReg(b: FunctionBuilder, source: Source & { from: 'reg' | 'fp' }): number {
  return source.from === 'fp' ? R10 : b.ensure(source.reg);
}

const LONG_IMM = 0x1234_5678;
const SHORT_IMM = 3;

/** Additions of 7 bytes (imm32) and of 4 (imm8) under Linux's JIT; of 6 and 4 for r0. */
export function lowerPad(b: FunctionBuilder, { bytes, reg }: Stmt & { kind: 'pad' }): void {
  if (bytes < 4) return;
  b.ensure(reg);
  const long = addImm(reg, LONG_IMM);
  const short = addImm(reg, SHORT_IMM);
  for (let left = bytes; left >= 4; ) {
    const isLong = left % 4 !== 0 && left >= 7;
    b.emit(isLong ? long : short);
    left -= isLong ? 7 : 4;
  }
}

/** Shift counts inside the width, divisors other than 0: what Linux's verifier wants of immediates. */
function legalImm(op: string, width: 32 | 64, imm: number): number {
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') return imm & (width - 1);
  if (imm === 0 && (op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod')) return 1;
  return imm;
}
