/**
 * Every x86-64 form the JIT can emit: SDM 2A-2C, opcode column. Checked from outside against GNU as and a
 * disassembler (test/x86). Added only when something needs it.
 */
import { type Form, form, type Shape } from './form.ts';

const none = (name: string, notation: string) => form('none', name, notation);
const o = (name: string, notation: string) => form('o', name, notation);
const oi = (name: string, notation: string) => form('oi', name, notation);
const m = (name: string, notation: string) => form('m', name, notation);
const mi = (name: string, notation: string) => form('mi', name, notation);
const mr = (name: string, notation: string) => form('mr', name, notation);
const mri = (name: string, notation: string) => form('mri', name, notation);
const i = (name: string, notation: string) => form('i', name, notation);
const rel = (name: string, notation: string) => form('rel', name, notation);
const vex = (name: string, notation: string) => form('vex', name, notation);

// biome-ignore-start format: tables, one row per line
/** add, or, and, sub, xor, cmp: the eight-fold arithmetic group. */
export const ADD = {
  rm32_r32: mr('add_rm32_r32', '01 /r'),
  rm64_r64: mr('add_rm64_r64', 'REX.W + 01 /r'),
  rm32_imm8: mi('add_rm32_imm8', '83 /0 ib'),
  rm64_imm8: mi('add_rm64_imm8', 'REX.W + 83 /0 ib'),
  rm32_imm32: mi('add_rm32_imm32', '81 /0 id'),
  rm64_imm32: mi('add_rm64_imm32', 'REX.W + 81 /0 id'),
  eax_imm32: i('add_eax_imm32', '05 id'),
  rax_imm32: i('add_rax_imm32', 'REX.W + 05 id'),
};
export const OR = {
  rm32_r32: mr('or_rm32_r32', '09 /r'),
  rm64_r64: mr('or_rm64_r64', 'REX.W + 09 /r'),
  rm32_imm8: mi('or_rm32_imm8', '83 /1 ib'),
  rm64_imm8: mi('or_rm64_imm8', 'REX.W + 83 /1 ib'),
  rm32_imm32: mi('or_rm32_imm32', '81 /1 id'),
  rm64_imm32: mi('or_rm64_imm32', 'REX.W + 81 /1 id'),
  eax_imm32: i('or_eax_imm32', '0D id'),
  rax_imm32: i('or_rax_imm32', 'REX.W + 0D id'),
};
export const AND = {
  rm32_r32: mr('and_rm32_r32', '21 /r'),
  rm64_r64: mr('and_rm64_r64', 'REX.W + 21 /r'),
  rm32_imm8: mi('and_rm32_imm8', '83 /4 ib'),
  rm64_imm8: mi('and_rm64_imm8', 'REX.W + 83 /4 ib'),
  rm32_imm32: mi('and_rm32_imm32', '81 /4 id'),
  rm64_imm32: mi('and_rm64_imm32', 'REX.W + 81 /4 id'),
  eax_imm32: i('and_eax_imm32', '25 id'),
  rax_imm32: i('and_rax_imm32', 'REX.W + 25 id'),
};
export const SUB = {
  rm32_r32: mr('sub_rm32_r32', '29 /r'),
  rm64_r64: mr('sub_rm64_r64', 'REX.W + 29 /r'),
  rm32_imm8: mi('sub_rm32_imm8', '83 /5 ib'),
  rm64_imm8: mi('sub_rm64_imm8', 'REX.W + 83 /5 ib'),
  rm32_imm32: mi('sub_rm32_imm32', '81 /5 id'),
  rm64_imm32: mi('sub_rm64_imm32', 'REX.W + 81 /5 id'),
  eax_imm32: i('sub_eax_imm32', '2D id'),
  rax_imm32: i('sub_rax_imm32', 'REX.W + 2D id'),
};
export const XOR = {
  rm32_r32: mr('xor_rm32_r32', '31 /r'),
  rm64_r64: mr('xor_rm64_r64', 'REX.W + 31 /r'),
  rm32_imm8: mi('xor_rm32_imm8', '83 /6 ib'),
  rm64_imm8: mi('xor_rm64_imm8', 'REX.W + 83 /6 ib'),
  rm32_imm32: mi('xor_rm32_imm32', '81 /6 id'),
  rm64_imm32: mi('xor_rm64_imm32', 'REX.W + 81 /6 id'),
  eax_imm32: i('xor_eax_imm32', '35 id'),
  rax_imm32: i('xor_rax_imm32', 'REX.W + 35 id'),
};
export const CMP = {
  rm32_r32: mr('cmp_rm32_r32', '39 /r'),
  rm64_r64: mr('cmp_rm64_r64', 'REX.W + 39 /r'),
  rm32_imm8: mi('cmp_rm32_imm8', '83 /7 ib'),
  rm64_imm8: mi('cmp_rm64_imm8', 'REX.W + 83 /7 ib'),
  rm32_imm32: mi('cmp_rm32_imm32', '81 /7 id'),
  rm64_imm32: mi('cmp_rm64_imm32', 'REX.W + 81 /7 id'),
};
export const TEST = {
  rm32_r32: mr('test_rm32_r32', '85 /r'),
  rm64_r64: mr('test_rm64_r64', 'REX.W + 85 /r'),
  rm32_imm32: mi('test_rm32_imm32', 'F7 /0 id'),
  rm64_imm32: mi('test_rm64_imm32', 'REX.W + F7 /0 id'),
};
export const NEG = { rm32: m('neg_rm32', 'F7 /3'), rm64: m('neg_rm64', 'REX.W + F7 /3') };

/** Multiplication and division. */
export const IMUL = {
  r32_rm32: mr('imul_r32_rm32', '0F AF /r'),
  r64_rm64: mr('imul_r64_rm64', 'REX.W + 0F AF /r'),
  r32_rm32_imm8: mri('imul_r32_rm32_imm8', '6B /r ib'),
  r64_rm64_imm8: mri('imul_r64_rm64_imm8', 'REX.W + 6B /r ib'),
  r32_rm32_imm32: mri('imul_r32_rm32_imm32', '69 /r id'),
  r64_rm64_imm32: mri('imul_r64_rm64_imm32', 'REX.W + 69 /r id'),
};
export const DIV = { rm32: m('div_rm32', 'F7 /6'), rm64: m('div_rm64', 'REX.W + F7 /6') };
export const IDIV = { rm32: m('idiv_rm32', 'F7 /7'), rm64: m('idiv_rm64', 'REX.W + F7 /7') };
export const CDQ = none('cdq', '99');
export const CQO = none('cqo', 'REX.W + 99');

/** Shifts by 1, by an immediate, by cl; BMI2 shifts by any register. */
export const SHL = {
  rm32_1: m('shl_rm32_1', 'D1 /4'),
  rm64_1: m('shl_rm64_1', 'REX.W + D1 /4'),
  rm32_imm8: mi('shl_rm32_imm8', 'C1 /4 ib'),
  rm64_imm8: mi('shl_rm64_imm8', 'REX.W + C1 /4 ib'),
  rm32_cl: m('shl_rm32_cl', 'D3 /4'),
  rm64_cl: m('shl_rm64_cl', 'REX.W + D3 /4'),
};
export const SHR = {
  rm32_1: m('shr_rm32_1', 'D1 /5'),
  rm64_1: m('shr_rm64_1', 'REX.W + D1 /5'),
  rm32_imm8: mi('shr_rm32_imm8', 'C1 /5 ib'),
  rm64_imm8: mi('shr_rm64_imm8', 'REX.W + C1 /5 ib'),
  rm32_cl: m('shr_rm32_cl', 'D3 /5'),
  rm64_cl: m('shr_rm64_cl', 'REX.W + D3 /5'),
};
export const SAR = {
  rm32_1: m('sar_rm32_1', 'D1 /7'),
  rm64_1: m('sar_rm64_1', 'REX.W + D1 /7'),
  rm32_imm8: mi('sar_rm32_imm8', 'C1 /7 ib'),
  rm64_imm8: mi('sar_rm64_imm8', 'REX.W + C1 /7 ib'),
  rm32_cl: m('sar_rm32_cl', 'D3 /7'),
  rm64_cl: m('sar_rm64_cl', 'REX.W + D3 /7'),
};
export const SHLX = {
  r32: vex('shlx_r32_rm32_r32', 'VEX.66.0F38.W0 F7 /r'),
  r64: vex('shlx_r64_rm64_r64', 'VEX.66.0F38.W1 F7 /r'),
};
export const SARX = {
  r32: vex('sarx_r32_rm32_r32', 'VEX.F3.0F38.W0 F7 /r'),
  r64: vex('sarx_r64_rm64_r64', 'VEX.F3.0F38.W1 F7 /r'),
};
export const SHRX = {
  r32: vex('shrx_r32_rm32_r32', 'VEX.F2.0F38.W0 F7 /r'),
  r64: vex('shrx_r64_rm64_r64', 'VEX.F2.0F38.W1 F7 /r'),
};

/** Byte order. */
export const ROR_RM16_IMM8 = mi('ror_rm16_imm8', '66 C1 /1 ib');
export const ROL_RM64_IMM8 = mi('rol_rm64_imm8', 'REX.W + C1 /0 ib');
export const CMOVE_R64_RM64 = mr('cmove_r64_rm64', 'REX.W + 0F 44 /r');
export const BSWAP = { r32: o('bswap_r32', '0F C8+r'), r64: o('bswap_r64', 'REX.W + 0F C8+r') };

/** Moves. */
export const MOV = {
  rm8_r8: mr('mov_rm8_r8', '88 /r'),
  rm16_r16: mr('mov_rm16_r16', '66 89 /r'),
  rm32_r32: mr('mov_rm32_r32', '89 /r'),
  rm64_r64: mr('mov_rm64_r64', 'REX.W + 89 /r'),
  r32_rm32: mr('mov_r32_rm32', '8B /r'),
  r64_rm64: mr('mov_r64_rm64', 'REX.W + 8B /r'),
  rm8_imm8: mi('mov_rm8_imm8', 'C6 /0 ib'),
  rm16_imm16: mi('mov_rm16_imm16', '66 C7 /0 iw'),
  rm32_imm32: mi('mov_rm32_imm32', 'C7 /0 id'),
  rm64_imm32: mi('mov_rm64_imm32', 'REX.W + C7 /0 id'),
  r32_imm32: oi('mov_r32_imm32', 'B8+r id'),
  r64_imm64: oi('mov_r64_imm64', 'REX.W + B8+r iq'),
};
export const MOVZX = {
  r64_rm8: mr('movzx_r64_rm8', 'REX.W + 0F B6 /r'),
  r64_rm16: mr('movzx_r64_rm16', 'REX.W + 0F B7 /r'),
  r32_rm16: mr('movzx_r32_rm16', '0F B7 /r'),
};
export const MOVSX = {
  r32_rm8: mr('movsx_r32_rm8', 'REX + 0F BE /r'),
  r32_rm16: mr('movsx_r32_rm16', '0F BF /r'),
  r64_rm8: mr('movsx_r64_rm8', 'REX.W + 0F BE /r'),
  r64_rm16: mr('movsx_r64_rm16', 'REX.W + 0F BF /r'),
  r64_rm32: mr('movsxd_r64_rm32', 'REX.W + 63 /r'),
};

/** Atomics. xchg with memory locks by itself. */
export const LOCK_ADD = {
  rm32_r32: mr('add_rm32_r32', 'F0 01 /r'),
  rm64_r64: mr('add_rm64_r64', 'F0 REX.W + 01 /r'),
};
export const LOCK_OR = {
  rm32_r32: mr('or_rm32_r32', 'F0 09 /r'),
  rm64_r64: mr('or_rm64_r64', 'F0 REX.W + 09 /r'),
};
export const LOCK_AND = {
  rm32_r32: mr('and_rm32_r32', 'F0 21 /r'),
  rm64_r64: mr('and_rm64_r64', 'F0 REX.W + 21 /r'),
};
export const LOCK_XOR = {
  rm32_r32: mr('xor_rm32_r32', 'F0 31 /r'),
  rm64_r64: mr('xor_rm64_r64', 'F0 REX.W + 31 /r'),
};
export const LOCK_XADD = {
  rm32_r32: mr('xadd_rm32_r32', 'F0 0F C1 /r'),
  rm64_r64: mr('xadd_rm64_r64', 'F0 REX.W + 0F C1 /r'),
};
export const LOCK_CMPXCHG = {
  rm32_r32: mr('cmpxchg_rm32_r32', 'F0 0F B1 /r'),
  rm64_r64: mr('cmpxchg_rm64_r64', 'F0 REX.W + 0F B1 /r'),
};
export const XCHG = {
  rm32_r32: mr('xchg_rm32_r32', '87 /r'),
  rm64_r64: mr('xchg_rm64_r64', 'REX.W + 87 /r'),
};

/** Of memory alone. */
export const LEA = mr('lea_r64_m', 'REX.W + 8D /r');
/** Of helpers' own code (emu/callback-stub.ts): no program's code has it. */
export const CALL_RM64 = m('call_rm64', 'FF /2');

/** Stack and control. */
export const PUSH_R64 = o('push_r64', '50+r');
export const PUSH_RM64 = m('push_rm64', 'FF /6');
export const POP_R64 = o('pop_r64', '58+r');
export const LEAVE = none('leave', 'C9');
export const RET = none('ret', 'C3');
export const ENDBR64 = none('endbr64', 'F3 0F 1E FA');
export const INT3 = none('int3', 'CC');
export const LFENCE = none('lfence', '0F AE E8');
export const CALL_REL32 = rel('call_rel32', 'E8 cd');
export const JMP_RM64 = m('jmp_rm64', 'FF /4');
export const JMP = { rel8: rel('jmp_rel8', 'EB cb'), rel32: rel('jmp_rel32', 'E9 cd') };
/** Condition codes, SDM 1 appendix B: the low nibble of 70+cc and 0F 80+cc. */
export const JCC = {
  b: { rel8: rel('jb_rel8', '72 cb'), rel32: rel('jb_rel32', '0F 82 cd') },
  ae: { rel8: rel('jae_rel8', '73 cb'), rel32: rel('jae_rel32', '0F 83 cd') },
  e: { rel8: rel('je_rel8', '74 cb'), rel32: rel('je_rel32', '0F 84 cd') },
  ne: { rel8: rel('jne_rel8', '75 cb'), rel32: rel('jne_rel32', '0F 85 cd') },
  be: { rel8: rel('jbe_rel8', '76 cb'), rel32: rel('jbe_rel32', '0F 86 cd') },
  a: { rel8: rel('ja_rel8', '77 cb'), rel32: rel('ja_rel32', '0F 87 cd') },
  l: { rel8: rel('jl_rel8', '7C cb'), rel32: rel('jl_rel32', '0F 8C cd') },
  ge: { rel8: rel('jge_rel8', '7D cb'), rel32: rel('jge_rel32', '0F 8D cd') },
  le: { rel8: rel('jle_rel8', '7E cb'), rel32: rel('jle_rel32', '0F 8E cd') },
  g: { rel8: rel('jg_rel8', '7F cb'), rel32: rel('jg_rel32', '0F 8F cd') },
} as const;

/** nops of 1 to 8 bytes. SDM 2B, NOP, "Recommended Multi-Byte Sequence". */
export const NOPS: readonly (readonly number[])[] = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];
// biome-ignore-end format: tables

const GROUPS: readonly object[] = [
  ADD,
  OR,
  AND,
  SUB,
  XOR,
  CMP,
  TEST,
  NEG,
  IMUL,
  DIV,
  IDIV,
  { CDQ, CQO },
  { LEA, CALL_RM64 },
  SHL,
  SHR,
  SAR,
  SHLX,
  SARX,
  SHRX,
  { ROR_RM16_IMM8, ROL_RM64_IMM8, CMOVE_R64_RM64 },
  BSWAP,
  MOV,
  MOVZX,
  MOVSX,
  LOCK_ADD,
  LOCK_OR,
  LOCK_AND,
  LOCK_XOR,
  LOCK_XADD,
  LOCK_CMPXCHG,
  XCHG,
  { PUSH_R64, PUSH_RM64, POP_R64, LEAVE, RET, ENDBR64, INT3, LFENCE, CALL_REL32, JMP_RM64 },
  JMP,
  ...Object.values(JCC),
];

/** All of them, for tests, the emulator's self-test and coverage. */
export const ALL_FORMS: readonly Form<Shape>[] = GROUPS.flatMap(
  (group) => Object.values(group) as Form<Shape>[],
);
