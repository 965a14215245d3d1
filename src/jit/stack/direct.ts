/** The quick way for code whose only stack pointer is r10 itself: one look at each instruction. */
import type { Insn, Slots } from '../../bpf/insn.ts';
import type { Subprog } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import { scratchBytes } from '../scratch.ts';

const IS_TARGET = scratchBytes();

/**
 * Offset from r10 of the lowest byte that a subprog reaches, <= 0; no pointer may come into it from outside.
 * Null where r10 is more than the base of loads and stores, or where a look from top to bottom cannot tell
 * what code is ever run.
 */
export function directReach(insns: Slots, { start, end }: Subprog): number | null {
  /** By slot: 1 where a jump that is reached goes. */
  const isTarget = IS_TARGET.take(end - start).fill(0, 0, end - start);
  let lowest = 0;
  let isReached = true;
  let hasGap = false;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    isReached ||= isTarget[pc - start] === 1;
    if (!isReached) {
      hasGap = true;
      continue;
    }
    switch (insn.kind) {
      case 'ldx':
        if (insn.src === R10 && insn.off < lowest) lowest = insn.off;
        break;
      case 'stx':
      case 'st':
        if (takesFp(insn)) return null;
        if (insn.dst === R10 && insn.off < lowest) lowest = insn.off;
        break;
      case 'jcc':
      case 'ja':
      case 'may_goto':
        // A loop may begin in what looked unreachable.
        if (takesFp(insn) || (insn.off < 0 && hasGap)) return null;
        isTarget[pc + 1 + insn.off - start] = 1;
        if (insn.kind === 'ja') isReached = false;
        break;
      case 'exit':
        isReached = false;
        break;
      default:
        if (takesFp(insn)) return null;
    }
  }
  return lowest;
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
