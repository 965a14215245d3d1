/** Moves of registers and immediates. Kernel: `emit_mov_reg()`, `emit_mov_imm32()`, `emit_mov_imm64()`. */
import type { AluInsn, LddwInsn, MovsxInsn } from '../../bpf/insn.ts';
import { targetOf } from '../../bpf/program.ts';
import { high32, low32 } from '../../core/u64.ts';
import type { Assembler } from '../../x86/assembler.ts';
import type { Form } from '../../x86/form.ts';
import { MOV, MOVSX, XOR } from '../../x86/forms.ts';
import type { Gpr } from '../../x86/reg.ts';
import { gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';

/** `mov dst, src`; nothing if they are the same. */
export function movReg64(asm: Assembler, dst: Gpr, src: Gpr): void {
  if (dst !== src) asm.mr(MOV.rm64_r64, dst, src);
}

/** `mov dst, src` of a width; the 32-bit one is always there, for it clears the upper half. */
export function movReg(asm: Assembler, width: 32 | 64, dst: Gpr, src: Gpr): void {
  if (width === 64) movReg64(asm, dst, src);
  else asm.mr(MOV.rm32_r32, dst, src);
}

/** imm32, zero-extended to 64 bits. */
function movUnsigned(asm: Assembler, dst: Gpr, imm: number): void {
  if (imm === 0) asm.mr(XOR.rm32_r32, dst, dst);
  else asm.oi(MOV.r32_imm32, dst, imm);
}

/** imm32, sign-extended to 64 bits. */
export function movSigned(asm: Assembler, dst: Gpr, imm: number): void {
  if (imm < 0) asm.mi(MOV.rm64_imm32, dst, imm);
  else movUnsigned(asm, dst, imm);
}

/** Any 64-bit value in the shortest of three forms. */
export function movWide(asm: Assembler, dst: Gpr, imm: bigint): void {
  const low = low32(imm);
  const high = high32(imm);
  if (high === 0) movUnsigned(asm, dst, low);
  else if (high === -1 && low < 0) movSigned(asm, dst, low);
  else asm.oiWide(MOV.r64_imm64, dst, low, high);
}

/** BPF `mov`. */
export function lowerMov({ asm }: LowerContext, insn: AluInsn): void {
  const dst = gprOf(insn.dst);
  if (insn.source === 'X') movReg(asm, insn.width, dst, gprOf(insn.src));
  else if (insn.width === 64) movSigned(asm, dst, insn.imm);
  else movUnsigned(asm, dst, insn.imm);
}

/** A function in the image. */
export interface EnteredFunction {
  readonly offset: number;
  readonly prologueBytes: number;
}

/** Bytes of `mov r64, simm32`. */
const WIDEST_SHORT = 7;

const SIGN_EXTENSIONS = {
  32: { 8: MOVSX.r32_rm8, 16: MOVSX.r32_rm16 },
  64: { 8: MOVSX.r64_rm8, 16: MOVSX.r64_rm16, 32: MOVSX.r64_rm32 },
};

/** The wire has no 32 bits into 32. */
const formOf = ({ width, bits }: MovsxInsn): Form<'mr'> =>
  width === 64 ? SIGN_EXTENSIONS[64][bits] : SIGN_EXTENSIONS[32][bits as 8 | 16];

export function lowerMovsx({ asm }: LowerContext, insn: MovsxInsn): void {
  asm.mr(formOf(insn), gprOf(insn.src), gprOf(insn.dst));
}

export function lowerLddw({ asm }: LowerContext, insn: LddwInsn): void {
  movWide(asm, gprOf(insn.dst), insn.imm);
}

/**
 * The address of a function: in the form that addresses of the image take, for lengths are settled before it is known.
 * Kernel: `jit_subprogs()`, whose first pass has MODULES_VADDR in its place.
 */
export function lowerFunctionAddress({ asm, base, refs }: LowerContext, insn: LddwInsn, pc: number): void {
  const start = asm.length;
  movWide(asm, gprOf(insn.dst), base === 0n ? 1n : base);
  // REX.W B8+r iq is the only form of so many bytes.
  const bytes = asm.length - start > WIDEST_SHORT ? 8 : 4;
  refs.push({ end: asm.length, after: 0, to: { slot: targetOf(pc, insn) as number, bytes } });
}

/** Where a function is entered by others than calls of its program. */
export const functionAddress = (base: bigint, { offset }: EnteredFunction): bigint => base + BigInt(offset);
