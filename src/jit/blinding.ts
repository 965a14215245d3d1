/**
 * Constant blinding: `bpf_jit_blind_constants()` of kernel/bpf/core.c, after all other rewrites. No constant of the
 * program's author stands in the code: each is made in AX from one that is masked at random and its mask.
 *
 *   dst += imm      ax = mask ^ imm; ax ^= mask; dst += ax          also -= &= |= ^= *= = /= %=, jumps, ST
 *   dst = imm64     ax = mask ^ hi; ax ^= mask; ax <<= 32; dst = ax; w(ax) = mask2 ^ lo; w(ax) ^= mask2; dst |= ax
 *   dst = 0         dst ^= dst
 *
 * Counts of shifts stay as they are, and so do instructions that name AX themselves.
 */
import type { AluInsn, Insn, JccInsn, LddwInsn, StInsn, Width } from '../bpf/insn.ts';
import { aluImm, aluReg, jcc, stx } from '../bpf/make-insn.ts';
import type { Entries, Entry } from './entries.ts';
import { REG_AX } from './regmap.ts';

/** Masks of one program, one after the other. */
export type Masks = () => number;

/** What an instruction becomes; undefined where it stays. Only the last of them may jump. */
export type BlindInsn = (insn: Insn, mask: Masks) => readonly Insn[] | undefined;

/** Blinds the entries of a subprog, in place; jumps to an entry go to the first of what it becomes. */
export function blind(entries: Entries, seed: number, each: BlindInsn = blindInsn): void {
  const before = entries.list();
  const { setup } = entries;
  const mask = masks(seed, (before[0] as Entry).pc);
  const starts: number[] = [];
  entries.reset();
  for (const { insn, pc, target, pass } of before) {
    if (starts.length === setup) entries.setup = entries.count;
    starts.push(entries.count);
    const group = each(insn, mask);
    if (group === undefined) entries.addMade(insn, pc, target, pass);
    else
      group.forEach((made, k) => {
        entries.addMade(made, pc, k === group.length - 1 ? target : -1, pass ?? 'blinding');
      });
  }
  for (let i = 0; i < entries.count; i++) {
    const target = entries.targets[i] as number;
    if (target >= 0) entries.targets[i] = starts[target] as number;
  }
}

export function blindInsn(insn: Insn, mask: Masks): readonly Insn[] | undefined {
  switch (insn.kind) {
    case 'alu':
      return blindAlu(insn, mask);
    case 'jcc':
      return blindJump(insn, mask);
    case 'lddw':
      return blindWide(insn, mask);
    case 'st':
      return blindStore(insn, mask);
    default:
      return undefined;
  }
}

const NOT_BLINDED: ReadonlySet<AluInsn['op']> = new Set(['lsh', 'rsh', 'arsh', 'neg']);

function blindAlu(insn: AluInsn, mask: Masks): readonly Insn[] | undefined {
  if (insn.source === 'X' || insn.dst === REG_AX || NOT_BLINDED.has(insn.op)) return undefined;
  if (insn.op === 'mov' && insn.imm === 0) return [aluReg('xor', insn.dst, insn.dst)];
  return [...masked(insn.width, insn.imm, mask()), aluReg(insn.op, insn.dst, REG_AX, insn.width)];
}

function blindJump(insn: JccInsn, mask: Masks): readonly Insn[] | undefined {
  if (insn.source === 'X' || insn.dst === REG_AX) return undefined;
  return [
    ...masked(insn.width, insn.imm, mask()),
    jcc(insn.op, insn.width, 'X', insn.dst, REG_AX, 0, insn.off),
  ];
}

function blindWide({ dst, src, imm }: LddwInsn, mask: Masks): readonly Insn[] | undefined {
  if (src !== 0) return undefined;
  return [
    ...masked(64, Number(BigInt.asIntN(32, imm >> 32n)), mask()),
    aluImm('lsh', REG_AX, 32),
    aluReg('mov', dst, REG_AX),
    ...masked(32, Number(BigInt.asIntN(32, imm)), mask()),
    aluReg('or', dst, REG_AX),
  ];
}

const blindStore = ({ size, dst, off, imm, access }: StInsn, mask: Masks): readonly Insn[] => [
  ...masked(64, imm, mask()),
  stx(size, dst, off, REG_AX, access),
];

/** AX = imm, sign-extended to the width. */
const masked = (width: Width, imm: number, mask: number): readonly Insn[] => [
  aluImm('mov', REG_AX, mask ^ imm, width),
  aluImm('xor', REG_AX, mask, width),
];

/** Mixing of splitmix32. */
function masks(seed: number, pc: number): Masks {
  let state = (Math.imul(seed, 0x9e37_79b9) ^ Math.imul(pc + 1, 0x85eb_ca6b)) | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return z ^ (z >>> 15);
  };
}
