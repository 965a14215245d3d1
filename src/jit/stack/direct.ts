/** The quick way for code whose only stack pointer is r10 itself: one look at each instruction. */
import type { Insn, JaInsn, JccInsn, MayGotoInsn, Slots } from '../../bpf/insn.ts';
import type { Subprog } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import { scratchBytes } from '../scratch.ts';

const IS_TARGET = scratchBytes();

/**
 * Offset from r10 of the lowest byte that a subprog reaches, <= 0; no pointer may come into it from outside.
 * Undefined where r10 is more than the base of loads and stores, or where a look from top to bottom cannot tell
 * what code is ever run.
 */
export function directReach(insns: Slots, { start, end }: Subprog): number | undefined {
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
    const { kind } = insn;
    const off = offsetFromFp(insn);
    if (off === undefined) return undefined;
    lowest = Math.min(lowest, off);
    if (kind === 'ja' || kind === 'jcc' || kind === 'may_goto') {
      const { off: distance } = insn as JaInsn | JccInsn | MayGotoInsn;
      // A loop may begin in what looked unreachable.
      if (distance < 0 && hasGap) return undefined;
      isTarget[pc + 1 + distance - start] = 1;
    }
    if (kind === 'ja' || kind === 'exit') isReached = false;
  }
  return lowest;
}

/** Of its access through r10; 0 if it has none, undefined if it does anything else with r10. */
export function offsetFromFp(insn: Insn): number | undefined {
  switch (insn.kind) {
    case 'ldx':
      return insn.src === R10 ? insn.off : 0;
    case 'st':
      return insn.dst === R10 ? insn.off : 0;
    case 'stx':
      if (insn.src === R10) return undefined;
      return insn.dst === R10 ? insn.off : 0;
    case 'atomic':
      return insn.src === R10 || insn.dst === R10 ? undefined : 0;
    case 'alu':
    case 'jcc':
      return insn.dst === R10 || (insn.source === 'X' && insn.src === R10) ? undefined : 0;
    case 'cast':
    case 'movsx':
      return insn.src === R10 || insn.dst === R10 ? undefined : 0;
    case 'swap':
    case 'lddw':
    case 'callx':
      return insn.dst === R10 ? undefined : 0;
    default:
      return 0;
  }
}
