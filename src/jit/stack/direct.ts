/** The quick way for code whose only stack pointer is r10 itself: one look at each instruction. */
import type { Insn, JccInsn, Slots } from '../../bpf/insn.ts';
import type { Subprog } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import { EXITS, JUMPS } from '../../bpf/traits.ts';
import type { Marks } from '../marks.ts';
import { scratchBytes } from '../scratch.ts';

const FP_BIT = 1 << R10;
/** No reach is: all are <= 0. */
export const UNKNOWN_REACH = 1;
const IS_TARGET = scratchBytes();

/**
 * Offset from r10 of the lowest byte that a subprog reaches, <= 0; no pointer may come into it from outside.
 * UNKNOWN_REACH where r10 is more than the base of loads and stores, or where a look from top to bottom cannot tell
 * what code is ever run.
 */
export function directReach(insns: Slots, { start, end }: Subprog, { traits, all }: Marks): number {
  /** By slot: 1 where a jump that is reached goes. */
  const isTarget = IS_TARGET.take(end - start);
  // Not by `fill`: a call of it takes as long as most loops.
  if ((all & JUMPS) !== 0) for (let at = 0; at < end - start; at++) isTarget[at] = 0;
  let lowest = 0;
  let isReached = true;
  let hasGap = false;
  for (let pc = start; pc < end; pc++) {
    const bits = traits[pc] as number;
    if (!isReached) {
      if ((all & JUMPS) === 0) break;
      isReached = isTarget[pc - start] === 1;
      if (!isReached) hasGap = true;
    }
    if (!isReached || (bits & (FP_BIT | JUMPS | EXITS)) === 0) continue;
    const insn = insns[pc] as Insn;
    if ((bits & FP_BIT) !== 0) {
      if (takesFp(insn)) return UNKNOWN_REACH;
      lowest = Math.min(lowest, offFromFp(insn));
    }
    if ((bits & JUMPS) !== 0) {
      const { off } = insn as JccInsn;
      // A loop may begin in what looked unreachable.
      if (off < 0 && hasGap) return UNKNOWN_REACH;
      isTarget[pc + 1 + off - start] = 1;
    }
    isReached = insn.kind !== 'exit' && insn.kind !== 'ja';
  }
  return lowest;
}

/** Of a load or store by r10, else 0; of an instruction that names it and takes it for nothing more. */
function offFromFp(insn: Insn): number {
  const isAccess = (insn.kind === 'ldx' && insn.src === R10) || insn.kind === 'stx' || insn.kind === 'st';
  return isAccess ? insn.off : 0;
}

/** Whether r10 is more to an instruction than the base of a load or store. */
export function takesFp(insn: Insn): boolean {
  switch (insn.kind) {
    case 'alu':
    case 'jcc':
      return insn.dst === R10 || (insn.source === 'X' && insn.src === R10);
    case 'stx':
      return insn.src === R10;
    case 'atomic':
    case 'cast':
    case 'movsx':
      return insn.src === R10 || insn.dst === R10;
    case 'swap':
    case 'lddw':
    case 'callx':
      return insn.dst === R10;
    default:
      return false;
  }
}
