/** What no machine could run: refused when a program is built. Each throws an `input` error that names the instruction. */
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import { MAX_ARGS } from './calling.ts';
import type { JaInsn, JccInsn, MayGotoInsn, Slots } from './insn.ts';
import { indexFrom } from './marked-slots.ts';

type JumpInsn = JaInsn | JccInsn | MayGotoInsn;

export function checkArgs(args: number, start: number): void {
  if (args <= MAX_ARGS) return;
  throw badInput('program', `insn ${start}`, `a function takes at most ${MAX_ARGS} arguments, not ${args}`);
}

/** A jump, call or address of `target` at slot `pc`. Returns the target. */
export function checkTarget(insns: Slots, target: number, pc: number): number {
  const why = notATarget(insns, target);
  if (why !== undefined) throw badInput('program', placeOf(insns, pc), why);
  return target;
}

/** The first slot of a function, as it is stated. */
export function checkStart(insns: Slots, start: number): void {
  const why = notATarget(insns, start);
  if (why !== undefined) throw badInput('program', `function at ${start}`, why);
}

/** What is wrong with a slot to go to. */
function notATarget(insns: Slots, target: number): string | undefined {
  if (target < 0 || target >= insns.length)
    return `its target ${target} is outside the program (0 to ${insns.length - 1})`;
  return insns[target] === undefined
    ? `its target ${target} is the second half of a wide instruction`
    : undefined;
}

const placeOf = (insns: Slots, pc: number): string => `insn ${pc} (${insns[pc]?.kind ?? 'none'})`;

/** Jumps of the subprog [start, end) stay within it. `slots`: the program's jumps. */
export function checkJumps(insns: Slots, slots: readonly number[], start: number, end: number): void {
  for (let k = indexFrom(slots, start); k < slots.length; k++) {
    const pc = slots[k] as number;
    if (pc >= end) return;
    const target = checkTarget(insns, pc + 1 + (insns[pc] as JumpInsn).off, pc);
    if (target < start || target >= end) {
      throw badInput(
        'program',
        placeOf(insns, pc),
        `its target ${target} is in another function (this one is ${start} to ${end - 1})`,
      );
    }
  }
}

/** So does the last instruction of the subprog. */
export function checkEnd(insns: Slots, start: number, end: number): void {
  let pc = end - 1;
  while (pc > start && insns[pc] === undefined) pc--;
  const last = insns[pc];
  if (last !== undefined && (last.kind === 'exit' || last.kind === 'ja') && pc + 1 === end) return;
  throw badInput(
    'program',
    placeOf(insns, pc),
    'falls off the end of its function; the last instruction must be exit or goto',
  );
}

export function checkCallee({ kind, name, args = 0 }: StatedCallee): void {
  if (args <= MAX_ARGS) return;
  const why = `a ${kind} takes at most ${MAX_ARGS} arguments, not ${args}`;
  throw badInput('program', `${kind} ${name}`, why);
}

interface StatedCallee extends CalleeRef {
  readonly name: string;
  readonly args: number | undefined;
}
