/**
 * Which instructions are translated, and what registers they need and set. All others, and all that cannot be
 * followed here, is left to the interpreter, so that a kind it learns is right here from the start.
 */
import { type AluInsn, type AtomicInsn, accessOf, type Insn } from '../../bpf/insn.ts';
import { R0, R10, type Reg } from '../../bpf/reg.ts';

/** Registers as bits: r0 is bit 0. */
export interface Effects {
  /** Where one of these is poison, the interpreter runs the instruction. */
  readonly reads: number;
  readonly writes: number;
}

/** Undefined for an instruction that the interpreter runs. */
export function effectsOf(insn: Insn): Effects | undefined {
  const effects = plainEffects(insn);
  // No registers: bases of stack arguments. r10 is read-only.
  if (effects === undefined || effects.reads >> (R10 + 1) !== 0 || effects.writes >> R10 !== 0)
    return undefined;
  return effects;
}

const set = (...regs: Reg[]): number => regs.reduce((bits, reg) => bits | (1 << reg), 0);

function plainEffects(insn: Insn): Effects | undefined {
  if (accessOf(insn) !== undefined) return undefined;
  switch (insn.kind) {
    case 'alu':
      return aluEffects(insn);
    case 'movsx':
      return { reads: set(insn.src), writes: set(insn.dst) };
    case 'swap':
      return { reads: set(insn.dst), writes: set(insn.dst) };
    case 'lddw':
      return insn.src === 0 ? { reads: 0, writes: set(insn.dst) } : undefined;
    case 'ldx':
      return { reads: set(insn.src), writes: set(insn.dst) };
    case 'stx':
      return { reads: set(insn.dst, insn.src), writes: 0 };
    case 'st':
      return { reads: set(insn.dst), writes: 0 };
    case 'atomic':
      return atomicEffects(insn);
    case 'jcc':
      return { reads: insn.source === 'X' ? set(insn.dst, insn.src) : set(insn.dst), writes: 0 };
    case 'ja':
    case 'may_goto':
      return { reads: 0, writes: 0 };
    default:
      return undefined;
  }
}

function aluEffects({ op, source, dst, src, imm }: AluInsn): Effects | undefined {
  if (source === 'K' && dividesOddly(op, imm)) return undefined;
  const reads = (op === 'mov' ? 0 : set(dst)) | (source === 'X' ? set(src) : 0);
  return { reads, writes: set(dst) };
}

/** Constant divisors for which WebAssembly has no quotient. */
const dividesOddly = (op: string, imm: number): boolean =>
  (imm === 0 && (op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod')) ||
  (imm === -1 && op === 'sdiv');

function atomicEffects({ op, size, dst, src }: AtomicInsn): Effects | undefined {
  if (op === 'load_acquire') return { reads: set(src), writes: set(dst) };
  if (op === 'store_release') return { reads: set(dst, src), writes: 0 };
  if (size < 4) return undefined;
  if (op === 'cmpxchg') return { reads: set(dst, src, R0), writes: set(R0) };
  return { reads: set(dst, src), writes: op === 'xchg' || op.startsWith('fetch_') ? set(src) : 0 };
}
