/** Hardened code that jumps to the wrong place, and constants that are not blinded, or blinded into others. */
import type { AluInsn, Insn } from '../bpf/insn.ts';
import { type BlindInsn, blind, blindInsn } from '../jit/blinding.ts';
import type { Target } from '../jit/target.ts';
import type { Mutant } from './mutant.ts';

/** Bytes of `sar qword gs:[rip + disp32], 5`. */
const ACCOUNTING_BYTES = 9;
const BLINDING = { blinding: 1 } as const;

/** Blinds each instruction otherwise. */
const blinding =
  (each: BlindInsn) =>
  (target: Target): Target => ({ ...target, blind: (entries, seed) => blind(entries, seed, each) });

/** Leaves some instructions as they are. */
const unless = (misses: (insn: Insn) => boolean) =>
  blinding((insn, mask) => (misses(insn) ? undefined : blindInsn(insn, mask)));

const isSignedDivision = ({ op }: AluInsn): boolean => op === 'sdiv' || op === 'smod';

export const HARDENING_MUTANTS: readonly Mutant[] = [
  {
    name: 'call-depth-not-in-ip',
    breaks: 'the displacement of a call counts from before the bytes that count it',
    guilty: { stages: ['call', 'prologue'] },
    jit: { callDepth: true },
    source: 'linux 9d98aa088386',
    mutate: (target) => ({
      ...target,
      displacement: (to, end) => target.displacement(to, end) + ACCOUNTING_BYTES,
    }),
  },
  {
    name: 'blinding-misses-st',
    breaks: 'constants that are stored are not blinded',
    guilty: { stages: ['insn'], insn: /^\*\(u\d+ \*\)\(r\d+ [+-] \d+\) = -?\d+$/ },
    jit: BLINDING,
    source: 'linux 2321a9596d22',
    mutate: unless((insn) => insn.kind === 'st' && insn.dst <= 10),
  },
  {
    name: 'blinding-misses-stack-arg',
    breaks: 'constants that are passed as stack arguments are not blinded',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d+\) = -?\d+$/ },
    jit: BLINDING,
    source: 'linux 2321a9596d22, of the same kind',
    mutate: unless((insn) => insn.kind === 'st' && insn.dst > 10),
  },
  {
    name: 'blinding-misses-jump32',
    breaks: 'constants that 32 bits are compared with are not blinded',
    guilty: { stages: ['insn'], insn: /^if w\d/ },
    jit: BLINDING,
    source: 'linux bpf_jit_blind_insn(): JMP32 came later than JMP',
    mutate: unless((insn) => insn.kind === 'jcc' && insn.width === 32),
  },
  {
    name: 'blinding-lddw-sign-extends',
    breaks: 'the low half of a blinded 64-bit constant is sign-extended over the high one',
    guilty: { stages: ['insn'], insn: /ll$/ },
    jit: BLINDING,
    source: 'anza sbpf 0c64b48',
    mutate: blinding((insn, mask) => {
      const group = blindInsn(insn, mask);
      if (insn.kind !== 'lddw') return group;
      return group?.map((each) => (each.kind === 'alu' && each.width === 32 ? { ...each, width: 64 } : each));
    }),
  },
  {
    name: 'blinding-unsigned-division',
    breaks: 'a signed division by a blinded constant is done as an unsigned one',
    guilty: { stages: ['insn'], insn: /s[/%]= / },
    jit: BLINDING,
    source: 'linux bpf_jit_blind_insn(): BPF_ALU64_REG_OFF in the place of BPF_ALU64_REG',
    mutate: blinding((insn, mask) =>
      blindInsn(insn, mask)?.map((each) =>
        each.kind === 'alu' && isSignedDivision(each)
          ? { ...each, op: each.op === 'sdiv' ? 'div' : 'mod' }
          : each,
      ),
    ),
  },
];
