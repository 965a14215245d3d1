/** Loads and stores: `emit_ldx()`, `emit_ldsx()`, `emit_stx()`, `emit_st()`. RFC 9669 §5.1, §5.2. */
import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import type { Size } from '../../bpf/load-store.ts';
import type { Assembler } from '../../x86/assembler.ts';
import type { Form } from '../../x86/form.ts';
import { MOV, MOVSX, MOVZX } from '../../x86/forms.ts';
import type { Gpr } from '../../x86/reg.ts';
import { gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';

// biome-ignore-start format: tables by access size in bytes
const LOADS: Readonly<Record<Size, Form<'mr'>>> = {
  1: MOVZX.r64_rm8,
  2: MOVZX.r64_rm16,
  4: MOV.r32_rm32,
  8: MOV.r64_rm64,
};
const SIGNED: Readonly<Record<Size, Form<'mr'>>> = {
  1: MOVSX.r64_rm8,
  2: MOVSX.r64_rm16,
  4: MOVSX.r64_rm32,
  8: MOV.r64_rm64,
};
const STORES: Readonly<Record<Size, Form<'mr'>>> = {
  1: MOV.rm8_r8,
  2: MOV.rm16_r16,
  4: MOV.rm32_r32,
  8: MOV.rm64_r64,
};
const STORE_IMM: Readonly<Record<Size, Form<'mi'>>> = {
  1: MOV.rm8_imm8,
  2: MOV.rm16_imm16,
  4: MOV.rm32_imm32,
  8: MOV.rm64_imm32,
};
// biome-ignore-end format: tables by access size in bytes

/** `dst = *(size *)(base + off)`, zero-extended. */
export function load(asm: Assembler, size: Size, dst: Gpr, base: Gpr, off: number): void {
  asm.mem(LOADS[size], base, off, dst);
}

/** `*(size *)(base + off) = src` */
export function store(asm: Assembler, size: Size, base: Gpr, off: number, src: Gpr): void {
  asm.mem(STORES[size], base, off, src);
}

/** `*(u64 *)(base + off) = imm`, sign-extended. */
export function storeImm(asm: Assembler, size: Size, base: Gpr, off: number, imm: number): void {
  asm.memImm(STORE_IMM[size], base, off, imm);
}

/** `dst = *(size *)(src + off)`. */
export function lowerLdx({ asm }: Pick<LowerContext, 'asm'>, insn: LdxInsn): void {
  if (insn.sign) asm.mem(SIGNED[insn.size], gprOf(insn.src), insn.off, gprOf(insn.dst));
  else load(asm, insn.size, gprOf(insn.dst), gprOf(insn.src), insn.off);
}

export function lowerStx({ asm }: LowerContext, insn: StxInsn): void {
  store(asm, insn.size, gprOf(insn.dst), insn.off, gprOf(insn.src));
}

export function lowerSt({ asm }: LowerContext, insn: StInsn): void {
  storeImm(asm, insn.size, gprOf(insn.dst), insn.off, insn.imm);
}
