/** Arithmetic: RFC 9669 §4.1, §4.2. WebAssembly's shifts take their counts modulo the width, as the RFC's do. */
import type { AluInsn, MovsxInsn, SwapInsn } from '../../bpf/insn.ts';
import { u64 } from '../../core/u64.ts';
import type { Emitter } from './emitter.ts';
import { local } from './function.ts';
import { type Code, I32, I64 } from './wasm.ts';

// biome-ignore format: a table
const OPERATIONS = {
  add: 'add', sub: 'sub', mul: 'mul', and: 'and', or: 'or', xor: 'xor', lsh: 'shl', rsh: 'shr_u', arsh: 'shr_s',
  div: 'div_u', sdiv: 'div_s', mod: 'rem_u', smod: 'rem_s',
} as const;

export function emitAlu(emitter: Emitter, insn: AluInsn): void {
  const { code } = emitter;
  const { op, width, dst } = insn;
  if (op === 'div' || op === 'sdiv' || op === 'mod' || op === 'smod') leaveOddDivision(emitter, insn);
  if (op === 'neg') zero(code, width);
  if (op !== 'mov') operand(code, width, dst);
  if (op === 'neg') code.op(width === 64 ? I64.sub : I32.sub);
  else right(code, insn);
  if (op !== 'mov' && op !== 'neg') code.op((width === 64 ? I64 : I32)[OPERATIONS[op]]);
  result(code, width, dst);
}

/** A register as an operand of a width. */
export function operand(code: Code, width: 32 | 64, reg: number): void {
  code.get(local(reg));
  if (width === 32) code.op(I32.wrap_i64);
}

/** The source: a register, or the sign-extended immediate. */
export function right(
  code: Code,
  { width, source, src, imm }: Pick<AluInsn, 'width' | 'source' | 'src' | 'imm'>,
): void {
  if (source === 'X') operand(code, width, src);
  else if (width === 64) code.i64(BigInt(imm));
  else code.i32(imm);
}

/** "For ALU the upper 32 bits of the destination are zeroed." */
function result(code: Code, width: 32 | 64, dst: number): void {
  if (width === 32) code.op(I64.extend_i32_u);
  code.set(local(dst));
}

const zero = (code: Code, width: 32 | 64): Code => (width === 64 ? code.i64(0n) : code.i32(0));

/** By zero, which a choice of the judged JIT may end; and signed by -1, the one quotient that may not fit. */
function leaveOddDivision(emitter: Emitter, { op, width, source, src }: AluInsn): void {
  if (source === 'K') return;
  const { code } = emitter;
  operand(code, width, src);
  if (op === 'sdiv' && width === 64) code.i64(1n).op(I64.add).i64(1n).op(I64.le_u);
  else if (op === 'sdiv') code.i32(1).op(I32.add).i32(1).op(I32.le_u);
  else code.op(width === 64 ? I64.eqz : I32.eqz);
  emitter.leaveIf();
}

const EXTEND_64 = { 8: I64.extend8_s, 16: I64.extend16_s, 32: I64.extend32_s };
const EXTEND_32 = { 8: [I32.extend8_s], 16: [I32.extend16_s], 32: [] };

export function emitMovsx({ code }: Emitter, { width, bits, dst, src }: MovsxInsn): void {
  operand(code, width, src);
  if (width === 64) code.op(EXTEND_64[bits]);
  else code.op(...EXTEND_32[bits]);
  result(code, width, dst);
}

/** Neighbours that change places: 8 and 16 bits wide. */
const LOW_HALVES = { 8: 0x00ff_00ff_00ff_00ffn, 16: 0x0000_ffff_0000_ffffn } as const;

/** Little-endian, as the host: what is above `bits` becomes zero. */
export function emitSwap({ code }: Emitter, { op, bits, dst }: SwapInsn): void {
  const reg = local(dst);
  if (op === 'le') {
    if (bits !== 64)
      code
        .get(reg)
        .i64(u64(-1n) >> BigInt(64 - bits))
        .op(I64.and)
        .set(reg);
    return;
  }
  for (const step of [8, 16] as const) {
    const [mask, distance] = [LOW_HALVES[step], BigInt(step)];
    code.get(reg).i64(mask).op(I64.and).i64(distance).op(I64.shl);
    code.get(reg).i64(distance).op(I64.shr_u).i64(mask).op(I64.and, I64.or).set(reg);
  }
  code.get(reg).i64(32n).op(I64.shl).get(reg).i64(32n).op(I64.shr_u, I64.or);
  if (bits !== 64) code.i64(BigInt(64 - bits)).op(I64.shr_u);
  code.set(reg);
}
