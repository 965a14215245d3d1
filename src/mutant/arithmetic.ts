/** Arithmetic that forgets widths, signs, implicit registers or prefixes. */
import type { AluInsn, Insn } from '../bpf/insn.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import { AUX, gprOf } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import {
  BSWAP,
  CDQ,
  CQO,
  DIV,
  IDIV,
  IMUL,
  MOV,
  POP_R64,
  PUSH_R64,
  ROR_RM16_IMM8,
  SHL,
  XOR,
} from '../x86/forms.ts';
import { RAX, RCX, RDX } from '../x86/reg.ts';
import { asIf, instead, type Mutant, patched } from './mutant.ts';

const isAlu = (insn: Insn, ...ops: readonly string[]): insn is AluInsn =>
  insn.kind === 'alu' && ops.includes(insn.op);
const isDivision = (insn: Insn): insn is AluInsn => isAlu(insn, 'div', 'mod', 'sdiv', 'smod');

/** The rewrite's group for some instructions, left out: the bare instruction reaches the JIT. */
const withoutRewrite =
  (of: (insn: Insn) => boolean) =>
  (target: Target): Target => ({
    ...target,
    rewrite(slots, subprog, depth, into) {
      const hidden = new Map<number, Insn>();
      const shown = slots.map((insn, pc) => {
        if (insn === undefined || !of(insn)) return insn;
        hidden.set(pc, insn);
        return { kind: 'swap', op: 'le', bits: 64, dst: 0 } as const;
      });
      const made = target.rewrite(shown, subprog, depth, into);
      const { entries } = made;
      for (let i = 0; i < entries.count; i++) {
        const insn = hidden.get(entries.pcs[i] as number);
        if (insn !== undefined) entries.replace(i, insn);
      }
      return made;
    },
  });

/** Division that leaves one of rax and rdx as the division left it. */
function divisionWithoutSaving({ asm }: LowerContext, insn: AluInsn, lost: number): void {
  const dst = gprOf(insn.dst);
  const wide = insn.width === 64;
  const keeps = [RAX, RDX].filter((gpr) => gpr !== dst && gpr !== lost);
  for (const gpr of keeps) asm.o(PUSH_R64, gpr);
  if (insn.source === 'K') asm.mi(MOV.rm64_imm32, AUX, insn.imm);
  else asm.mr(MOV.rm64_r64, AUX, gprOf(insn.src));
  if (dst !== RAX) asm.mr(wide ? MOV.rm64_r64 : MOV.rm32_r32, RAX, dst);
  const signed = insn.op === 'sdiv' || insn.op === 'smod';
  if (signed) asm.none(wide ? CQO : CDQ);
  else asm.mr(XOR.rm32_r32, RDX, RDX);
  const forms = signed ? IDIV : DIV;
  asm.m(wide ? forms.rm64 : forms.rm32, AUX);
  const result = insn.op === 'mod' || insn.op === 'smod' ? RDX : RAX;
  if (dst !== result) asm.mr(wide ? MOV.rm64_r64 : MOV.rm32_r32, dst, result);
  for (const gpr of keeps.reverse()) asm.o(POP_R64, gpr);
}

/** mov r11, rdx */
const MOV_R11_RDX = [0x49, 0x89, 0xd3] as const;

/** Bytes with the first occurrence of a run replaced; r11 then holds what was in it before. */
function replaceRun(bytes: readonly number[], run: readonly number[], instead: readonly number[]): number[] {
  const at = bytes.findIndex((_, k) => run.every((byte, i) => bytes[k + i] === byte));
  return at < 0 ? [...bytes] : [...bytes.slice(0, at), ...instead, ...bytes.slice(at + run.length)];
}

const losing = (lost: number) =>
  instead((context, insn) => {
    if (!isDivision(insn) || gprOf(insn.dst) === lost) return false;
    divisionWithoutSaving(context, insn, lost);
    return true;
  });

export const ARITHMETIC_MUTANTS: readonly Mutant[] = [
  {
    name: 'mov32-moves-64',
    breaks: 'a 32-bit move of a register moves all 64 bits',
    guilty: { stages: ['insn'], insn: /^w\d+ = w\d+$/ },
    source: 'solana rbpf 3abb32a (#124)',
    mutate: asIf((insn) =>
      isAlu(insn, 'mov') && insn.width === 32 && insn.source === 'X' ? { ...insn, width: 64 } : undefined,
    ),
  },
  {
    name: 'mov64-imm-zero-extended',
    breaks: 'a negative immediate of a 64-bit move is zero-extended',
    guilty: { stages: ['insn'], insn: /^r\d = -\d+$/ },
    source: 'solana rbpf 0c64b48 (#497), jit-bugs class: imm sign extension',
    mutate: asIf((insn) => (isAlu(insn, 'mov') && insn.source === 'K' ? { ...insn, width: 32 } : undefined)),
  },
  {
    name: 'lddw-truncated',
    breaks: 'a 64-bit immediate is cut to 32 bits',
    guilty: { stages: ['insn'], insn: / ll$/ },
    source: 'solana rbpf 0c64b48 (#497)',
    mutate: asIf((insn) => (insn.kind === 'lddw' ? { ...insn, imm: insn.imm & 0xffff_ffffn } : undefined)),
  },
  {
    name: 'lddw-low-sign-smears',
    breaks: 'the sign bit of the low word is spread over the high word',
    guilty: { stages: ['insn'], insn: / ll$/ },
    source: 'ubpf c22b0041',
    mutate: asIf((insn) =>
      insn.kind === 'lddw' && (insn.imm & 0x8000_0000n) !== 0n
        ? { ...insn, imm: insn.imm | 0xffff_ffff_0000_0000n }
        : undefined,
    ),
  },
  {
    name: 'neg32-as-64',
    breaks: 'a 32-bit negation keeps the upper half',
    guilty: { stages: ['insn'], insn: /^w\d = -w/ },
    source: 'jit-bugs class: 32-bit results, solana rbpf 3abb32a',
    mutate: asIf((insn) => (isAlu(insn, 'neg') && insn.width === 32 ? { ...insn, width: 64 } : undefined)),
  },
  {
    name: 'add32-as-64',
    breaks: 'a 32-bit addition adds 64 bits',
    guilty: { stages: ['insn'], insn: /^w\d \+= w/ },
    source: 'jit-bugs class: 32-bit results',
    mutate: asIf((insn) =>
      isAlu(insn, 'add') && insn.width === 32 && insn.source === 'X' ? { ...insn, width: 64 } : undefined,
    ),
  },
  {
    name: 'upper-half-kept-and32',
    breaks: 'a 32-bit `and` keeps the upper half',
    guilty: { stages: ['insn'], insn: /^w\d [&|^]= w/ },
    source: 'jit-bugs class: 32-bit results',
    mutate: asIf((insn) =>
      isAlu(insn, 'and', 'or', 'xor') && insn.width === 32 && insn.source === 'X'
        ? { ...insn, width: 64 }
        : undefined,
    ),
  },
  {
    name: 'imm8-up-to-128',
    breaks: 'immediate 128 is taken for one of 8 bits, and becomes -128',
    guilty: { stages: ['insn'], insn: / 128$/ },
    source: 'linux is_imm8(); jit-bugs §5 immediates at ±127/128',
    mutate: asIf((insn) =>
      insn.kind === 'alu' &&
      isAlu(insn, 'add', 'sub', 'and', 'or', 'xor') &&
      insn.source === 'K' &&
      insn.imm === 128
        ? { ...insn, imm: -128 }
        : undefined,
    ),
  },
  {
    name: 'mul-by-zero-is-square',
    breaks: 'multiplying by the immediate 0 multiplies the register by itself',
    guilty: { stages: ['insn'], insn: /\*= 0$/ },
    source: 'solana rbpf b20e773 (#129)',
    mutate: asIf((insn) =>
      isAlu(insn, 'mul') && insn.source === 'K' && insn.imm === 0
        ? { ...insn, source: 'X', src: insn.dst }
        : undefined,
    ),
  },
  {
    name: 'mul32-sign-extends',
    breaks: 'the result of a 32-bit multiplication is sign-extended',
    guilty: { stages: ['insn'], insn: /^w\d \*= w/ },
    source: 'solana rbpf ef0264d (#518)',
    mutate: instead(({ asm }, insn) => {
      if (!isAlu(insn, 'mul') || insn.width !== 32 || insn.source !== 'X') return false;
      const dst = gprOf(insn.dst);
      asm.mr(IMUL.r32_rm32, gprOf(insn.src), dst);
      asm.raw(Uint8Array.of(dst > 7 ? 0x4d : 0x48, 0x63, 0xc0 | ((dst & 7) << 3) | (dst & 7)));
      return true;
    }),
  },
  {
    name: 'div-loses-rdx',
    breaks: 'division does not give rdx (r3) back',
    guilty: { stages: ['insn'], insn: / s?[/%]= / },
    source: 'solana rbpf b1e4508 (#89)',
    mutate: losing(RDX),
  },
  {
    name: 'div-loses-rax',
    breaks: 'division does not give rax (r0) back',
    guilty: { stages: ['insn'], insn: / s?[/%]= / },
    source: 'solana rbpf b1e4508 (#89)',
    mutate: losing(RAX),
  },
  {
    name: 'div-src-rdx-overwritten',
    breaks: 'a divisor in r3 (rdx) is not moved away before rdx is cleared',
    guilty: { stages: ['insn'], insn: / s?[/%]= [rw]3$/ },
    source: 'solana rbpf b1e4508 (#89); linux do_jit() keeps it in r11',
    mutate: patched(
      (insn) => isDivision(insn) && insn.source === 'X' && insn.src === 3 && insn.dst !== 3,
      (bytes) => replaceRun(bytes, MOV_R11_RDX, [0x90, 0x90, 0x90]),
    ),
  },
  {
    name: 'udiv64-imm-zero-extended',
    breaks: 'a negative immediate divisor of an unsigned 64-bit division is zero-extended',
    guilty: { stages: ['insn'], insn: /^r\d [/%]= -/ },
    source: 'solana rbpf 410a627 (#642), turned round: BPF sign-extends',
    mutate: instead((context, insn) => {
      if (!isAlu(insn, 'div', 'mod') || insn.source !== 'K' || insn.width !== 64 || insn.imm >= 0)
        return false;
      const { asm } = context;
      const dst = gprOf(insn.dst);
      if (dst !== RAX) asm.o(PUSH_R64, RAX);
      if (dst !== RDX) asm.o(PUSH_R64, RDX);
      asm.oi(MOV.r32_imm32, AUX, insn.imm);
      if (dst !== RAX) asm.mr(MOV.rm64_r64, RAX, dst);
      asm.mr(XOR.rm32_r32, RDX, RDX);
      asm.m(DIV.rm64, AUX);
      const result = insn.op === 'mod' ? RDX : RAX;
      if (dst !== result) asm.mr(MOV.rm64_r64, dst, result);
      if (dst !== RDX) asm.o(POP_R64, RDX);
      if (dst !== RAX) asm.o(POP_R64, RAX);
      return true;
    }),
  },
  {
    name: 'sdiv-as-udiv',
    breaks: 'signed division ignores off = 1',
    guilty: { stages: ['insn'], insn: / s\/= / },
    source: 'jit-bugs class: v4 instructions; linux 7dd34d7b7dcf',
    mutate: asIf((insn) => (isAlu(insn, 'sdiv') ? { ...insn, op: 'div' } : undefined)),
  },
  {
    name: 'sdiv32-cqo',
    breaks: 'a 32-bit signed division extends the dividend as 64 bits',
    guilty: { stages: ['insn'], insn: /^w\d s[/%]= / },
    source: 'solana rbpf e61e045 (#310), class of its bug',
    mutate: patched(
      (insn) => isAlu(insn, 'sdiv', 'smod') && insn.width === 32,
      (bytes) => bytes.flatMap((byte, k) => (byte === 0x99 && bytes[k - 1] !== 0x48 ? [0x31, 0xd2] : [byte])),
    ),
  },
  {
    name: 'no-div-by-zero-guard',
    breaks: 'unsigned division is not guarded against zero',
    guilty: { stages: ['insn'], insn: / \/= / },
    source: 'rbpf ce7d416; linux f6b1b3bf0d5f',
    mutate: withoutRewrite((insn) => isAlu(insn, 'div') && insn.source === 'X'),
  },
  {
    name: 'no-mod-by-zero-guard',
    breaks: 'unsigned remainder is not guarded against zero',
    guilty: { stages: ['insn'], insn: / %= / },
    source: 'rbpf ce7d416; linux f6b1b3bf0d5f',
    mutate: withoutRewrite((insn) => isAlu(insn, 'mod') && insn.source === 'X'),
  },
  {
    name: 'no-sdiv-guard',
    breaks: 'signed division is guarded neither against 0 nor against MIN / -1',
    guilty: { stages: ['insn'], insn: / s\/= / },
    source: 'linux 7dd34d7b7dcf',
    mutate: withoutRewrite((insn) => isAlu(insn, 'sdiv') && insn.source === 'X'),
  },
  {
    name: 'no-smod-guard',
    breaks: 'signed remainder is guarded neither against 0 nor against MIN % -1',
    guilty: { stages: ['insn'], insn: / s%= / },
    source: 'linux 7dd34d7b7dcf',
    mutate: withoutRewrite((insn) => isAlu(insn, 'smod') && insn.source === 'X'),
  },
  {
    name: 'div-zero-skips-too-far',
    breaks: 'the jump over the division by zero patch is one instruction too long',
    guilty: { stages: ['insn'], insn: / [/%]= / },
    source: 'rbpf 0f36550 (#88): fixed skip distance',
    mutate: (target) => ({
      ...target,
      rewrite(slots, subprog, depth, into) {
        const made = target.rewrite(slots, subprog, depth, into);
        const { targets, count } = made.entries;
        made.entries.list().forEach(({ insn, pass, target: to }, k) => {
          if (pass === 'div-by-zero' && insn.kind === 'jcc' && to === k + 3)
            targets[k] = Math.min(to + 1, count - 1);
        });
        return made;
      },
    }),
  },
  {
    name: 'shift-cl-loses-rcx',
    breaks: 'without BMI2, rcx (r4) is not given back after a shift',
    guilty: { stages: ['insn'], insn: / <<= / },
    source: 'solana rbpf b1e4508 (#89)',
    mutate: instead(({ asm }, insn) => {
      if (!isAlu(insn, 'lsh') || insn.source !== 'X' || gprOf(insn.src) === RCX || gprOf(insn.dst) === RCX)
        return false;
      asm.mr(MOV.rm64_r64, RCX, gprOf(insn.src));
      asm.m(insn.width === 64 ? SHL.rm64_cl : SHL.rm32_cl, gprOf(insn.dst));
      return true;
    }),
  },
  {
    name: 'shift-dst-rcx',
    breaks: 'a shift of r4 (rcx) by a register shifts the count',
    guilty: { stages: ['insn'], insn: /^[rw]4 <<= / },
    source: 'solana rbpf 3abb32a (#124)',
    mutate: instead(({ asm }, insn) => {
      if (!isAlu(insn, 'lsh') || insn.source !== 'X' || gprOf(insn.dst) !== RCX || gprOf(insn.src) === RCX)
        return false;
      asm.mr(MOV.rm64_r64, RCX, gprOf(insn.src));
      asm.m(insn.width === 64 ? SHL.rm64_cl : SHL.rm32_cl, RCX);
      return true;
    }),
  },
  {
    name: 'shift64-imm-masked-31',
    breaks: 'the immediate count of a 64-bit shift is masked to 5 bits',
    guilty: { stages: ['insn'], insn: /^r\d s?(<<|>>)= \d+$/ },
    source: 'rbpf 7bebff5 (shift mask)',
    mutate: asIf((insn) =>
      isAlu(insn, 'lsh', 'rsh', 'arsh') && insn.width === 64 && insn.source === 'K'
        ? { ...insn, imm: insn.imm & 31 }
        : undefined,
    ),
  },
  {
    name: 'arsh-as-rsh',
    breaks: 'an arithmetic shift right by a register shifts in zeroes',
    guilty: { stages: ['insn'], insn: / s>>= / },
    source: 'jit-bugs class: emit_shiftx() pp field',
    mutate: asIf((insn) => (isAlu(insn, 'arsh') && insn.source === 'X' ? { ...insn, op: 'rsh' } : undefined)),
  },
  {
    name: 'arsh32-as-64',
    breaks: 'a 32-bit arithmetic shift works on 64 bits',
    guilty: { stages: ['insn'], insn: /^w\d s>>= / },
    source: 'jit-bugs class: 32-bit results',
    mutate: asIf((insn) => (isAlu(insn, 'arsh') && insn.width === 32 ? { ...insn, width: 64 } : undefined)),
  },
  {
    name: 'be16-keeps-upper',
    breaks: 'a 16-bit swap leaves bits 16 to 63 as they were',
    guilty: { stages: ['insn'], insn: /(be16|bswap16)/ },
    source: 'linux 343f845b3759; ubpf 3cf0200a',
    mutate: instead(({ asm }, insn) => {
      if (insn.kind !== 'swap' || insn.op === 'le' || insn.bits !== 16) return false;
      asm.mi(ROR_RM16_IMM8, gprOf(insn.dst), 8);
      return true;
    }),
  },
  {
    name: 'le-does-nothing',
    breaks: 'le16 and le32 do not truncate',
    guilty: { stages: ['insn'], insn: /le(16|32)/ },
    source: 'ubpf 1086d004 (#488); solana rbpf b20e773',
    mutate: instead((_, insn) => insn.kind === 'swap' && insn.op === 'le'),
  },
  {
    name: 'bswap-without-rex-b',
    breaks: 'a byte swap of r8.. swaps the low-numbered twin',
    guilty: { stages: ['insn'], insn: /(be|bswap)(32|64)/ },
    source: 'ubpf 4bd527ba',
    mutate: instead(({ asm }, insn) => {
      if (insn.kind !== 'swap' || insn.op === 'le' || insn.bits === 16 || gprOf(insn.dst) < 8) return false;
      asm.o(insn.bits === 64 ? BSWAP.r64 : BSWAP.r32, gprOf(insn.dst) & 7);
      return true;
    }),
  },
  {
    name: 'bswap64-as-32',
    breaks: 'a 64-bit swap swaps 32 bits',
    guilty: { stages: ['insn'], insn: /(be|bswap)64/ },
    source: 'ubpf 65312fd7 (class)',
    mutate: asIf((insn) =>
      insn.kind === 'swap' && insn.op !== 'le' && insn.bits === 64 ? { ...insn, bits: 32 } : undefined,
    ),
  },
  {
    name: 'movsx32-to-64',
    breaks: 'sign extension into 32 bits extends into 64',
    guilty: { stages: ['insn'], insn: /^w\d = \(s/ },
    source: 'linux 8100928c8814 (MOVSX support), class: 32-bit results',
    mutate: asIf((insn) => (insn.kind === 'movsx' && insn.width === 32 ? { ...insn, width: 64 } : undefined)),
  },
  {
    name: 'movsx-as-mov',
    breaks: 'sign extension of 32 bits zero-extends',
    guilty: { stages: ['insn'], insn: /\(s32\)/ },
    source: 'linux 8100928c8814 (MOVSX support)',
    mutate: asIf((insn) =>
      insn.kind === 'movsx' && insn.bits === 32
        ? { kind: 'alu', op: 'mov', width: 32, source: 'X', dst: insn.dst, src: insn.src, imm: 0 }
        : undefined,
    ),
  },
  {
    name: 'imm-zero-takes-register',
    breaks: 'the immediate form of `sub` is chosen by imm != 0, so imm 0 uses a register',
    guilty: { stages: ['insn'], insn: /(-|\|)= 0$/ },
    source: 'rbpf 58e50aa',
    mutate: asIf((insn) =>
      isAlu(insn, 'sub', 'or') && insn.source === 'K' && insn.imm === 0
        ? { ...insn, source: 'X', src: 0 }
        : undefined,
    ),
  },
];
