/** Which registers instructions read and write, calls apart; the bases of stack arguments are none. */
import { isStackArgBase, MAX_REG_ARGS } from './calling.ts';
import type { Insn } from './insn.ts';
import { R0, type Reg } from './reg.ts';

/** Registers an instruction reads, in the order Linux's verifier looks at them; a call: what names its target. */
export function registersRead(insn: Insn): readonly Reg[] {
  switch (insn.kind) {
    case 'alu':
      if (insn.op === 'mov') return insn.source === 'X' ? [insn.src] : [];
      return insn.source === 'X' ? [insn.src, insn.dst] : [insn.dst];
    case 'jcc':
      return insn.source === 'X' ? [insn.src, insn.dst] : [insn.dst];
    case 'movsx':
    case 'cast':
    case 'ld_ind':
      return [insn.src];
    case 'ldx':
      return isStackArgBase(insn.src) ? [] : [insn.src];
    case 'swap':
    case 'callx':
      return [insn.dst];
    case 'st':
      return isStackArgBase(insn.dst) ? [] : [insn.dst];
    case 'stx':
      return isStackArgBase(insn.dst) ? [insn.src] : [insn.src, insn.dst];
    case 'atomic':
      if (insn.op === 'load_acquire') return [insn.src];
      return insn.op === 'cmpxchg' ? [insn.src, insn.dst, R0] : [insn.src, insn.dst];
    default:
      return [];
  }
}

/** The register an instruction gives a result to; a call: none. */
export function registerWritten(insn: Insn): Reg | undefined {
  switch (insn.kind) {
    case 'alu':
    case 'movsx':
    case 'cast':
    case 'swap':
    case 'lddw':
    case 'ldx':
      return insn.dst;
    case 'ld_abs':
    case 'ld_ind':
      return R0;
    case 'atomic':
      if (insn.op === 'load_acquire') return insn.dst;
      if (insn.op === 'cmpxchg') return R0;
      return insn.op === 'xchg' || insn.op.startsWith('fetch_') ? insn.src : undefined;
    default:
      return undefined;
  }
}

/** r1..rn: those that carry the first of so many arguments. */
export const argRegs = (args: number): Reg[] =>
  Array.from({ length: Math.min(args, MAX_REG_ARGS) }, (_, i) => i + 1);
