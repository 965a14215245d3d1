/** Slots of the instructions that building a program is about, found once: its steps go through these alone. */
import { isStackArgBase } from './calling.ts';
import type { Slots } from './insn.ts';
import { isUniform } from './insn-shape.ts';

/** The lists ascend. */
export interface MarkedSlots {
  /** What names functions, helpers or kfuncs: calls, and loads of code addresses. */
  readonly naming: readonly number[];
  readonly jumps: readonly number[];
  /** Loads and stores of stack arguments. */
  readonly stackArgs: readonly number[];
  /** All instructions are of the shape of insn-shape.ts. */
  readonly areUniform: boolean;
}

export function markedSlots(insns: Slots): MarkedSlots {
  const naming: number[] = [];
  const jumps: number[] = [];
  const stackArgs: number[] = [];
  let areUniform = true;
  for (let pc = 0; pc < insns.length; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    const { kind } = insn;
    // Asked when a field has been read, this costs nothing: engines know the shape by then.
    if (!isUniform(insn)) areUniform = false;
    if (kind === 'alu') continue;
    if (kind === 'lddw') {
      if (insn.src === 4) naming.push(pc);
    } else if (kind === 'stx' || kind === 'st') {
      if (isStackArgBase(insn.dst)) stackArgs.push(pc);
    } else if (kind === 'call') naming.push(pc);
    else if (kind === 'ldx') {
      if (isStackArgBase(insn.src)) stackArgs.push(pc);
    } else if (kind === 'ja' || kind === 'jcc' || kind === 'may_goto') jumps.push(pc);
  }
  return { naming, jumps, stackArgs, areUniform };
}

/** Of ascending slots. */
export const isAmong = (slots: readonly number[], slot: number): boolean =>
  slots[indexFrom(slots, slot)] === slot;

/** Index of the first of ascending slots that is not before one. */
export function indexFrom(slots: readonly number[], slot: number): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle] as number) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
