/**
 * What building a program and compiling it ask of its instructions, found once, right after they were made: what
 * follows reads numbers, and goes through the slots alone that it is about.
 */
import { isStackArgBase, STACK_ARG_BASES } from './calling.ts';
import type { Insn, Slots } from './insn.ts';
import { wordOf } from './insn-shape.ts';
import { CALLS, isCodeAddress, JUMPS, MAY_BE_REWRITTEN, traitsOfWord } from './traits.ts';
import { traitsOf } from './uniform.ts';

/** The lists ascend. */
export interface MarkedSlots {
  /** Those it is of. */
  readonly insns: Slots;
  /** By slot (traits.ts); 0 of the second half of a wide instruction, and of nothing else. */
  readonly traits: readonly number[];
  /** Those of any. */
  readonly all: number;
  /** What names functions, helpers or kfuncs: calls, and loads of code addresses. */
  readonly naming: readonly number[];
  /** What jumps, and what may become something else. */
  readonly special: readonly number[];
  /** Loads and stores of stack arguments. */
  readonly stackArgs: readonly number[];
  /** All instructions are of the shape of insn-shape.ts. */
  readonly areUniform: boolean;
}

const SPECIAL = JUMPS | MAY_BE_REWRITTEN;
const LISTED = CALLS | SPECIAL | STACK_ARG_BASES;

export function markedSlots(insns: Slots): MarkedSlots {
  const traits = new Array<number>(insns.length);
  const naming: number[] = [];
  const special: number[] = [];
  const stackArgs: number[] = [];
  let all = 0;
  let areUniform = true;
  for (let pc = 0; pc < insns.length; pc++) {
    const insn = insns[pc];
    traits[pc] = 0;
    if (insn === undefined) continue;
    const word = wordOf(insn);
    if (word === 0) areUniform = false;
    const bits = word === 0 ? traitsOf(insn) : traitsOfWord(word);
    traits[pc] = bits;
    all |= bits;
    if ((bits & LISTED) === 0 && word !== 0 && !isCodeAddress(word)) continue;
    if ((bits & SPECIAL) !== 0) special.push(pc);
    else if (isNaming(insn)) naming.push(pc);
    else if (isStackArg(insn)) stackArgs.push(pc);
  }
  return { insns, traits, all, naming, special, stackArgs, areUniform };
}

/** Of a program's instructions. */
export const marksOf = ({ insns, marked }: Marked): MarkedSlots =>
  marked?.insns === insns ? marked : markedSlots(insns);

interface Marked {
  readonly insns: Slots;
  readonly marked?: MarkedSlots | undefined;
}

const isNaming = (insn: Insn): boolean => insn.kind === 'call' || (insn.kind === 'lddw' && insn.src === 4);

const isStackArg = (insn: Insn): boolean =>
  insn.kind === 'ldx'
    ? isStackArgBase(insn.src)
    : (insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst);

/** Of ascending slots. */
export const isAmong = (slots: readonly number[], slot: number): boolean =>
  slots[indexFrom(slots, slot)] === slot;

/** Index of the first of ascending slots that is not before one, of so many, and from so many on. */
export function indexFrom(slots: ArrayLike<number>, slot: number, from = 0, count = slots.length): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle] as number) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
