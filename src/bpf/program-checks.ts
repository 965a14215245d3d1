/** What no machine could run: refused when a program is built. Each throws an `input` error that names the instruction. */
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import { MAX_ARGS } from './calling.ts';
import { type Insn, type Slots, slotsOf } from './insn.ts';

export function checkArgs(args: number, start: number): void {
  if (args <= MAX_ARGS) return;
  throw badInput('program', `insn ${start}`, `a function takes at most ${MAX_ARGS} arguments, not ${args}`);
}

/** A jump or call to `target` from `where`. Returns the target. */
export function checkTarget(insns: Slots, target: number, where: string): number {
  if (target < 0 || target >= insns.length) {
    throw badInput(
      'program',
      where,
      `its target ${target} is outside the program (0 to ${insns.length - 1})`,
    );
  }
  if (insns[target] === undefined) {
    throw badInput('program', where, `its target ${target} is the second half of a wide instruction`);
  }
  return target;
}

/** Its jumps stay within it, and so does its last instruction. */
export function checkSubprog(insns: Slots, start: number, end: number): void {
  let last: Insn | undefined;
  let lastPc = start;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    last = insn;
    lastPc = pc;
    if (insn.kind !== 'ja' && insn.kind !== 'jcc' && insn.kind !== 'may_goto') continue;
    const where = `insn ${pc} (${insn.kind})`;
    const target = checkTarget(insns, pc + 1 + insn.off, where);
    if (target < start || target >= end) {
      throw badInput(
        'program',
        where,
        `its target ${target} is in another function (this one is ${start} to ${end - 1})`,
      );
    }
  }
  if (last === undefined || (last.kind !== 'exit' && last.kind !== 'ja') || lastPc + slotsOf(last) !== end) {
    throw badInput(
      'program',
      `insn ${lastPc} (${last?.kind ?? 'none'})`,
      'falls off the end of its function; the last instruction must be exit or goto',
    );
  }
}

export function checkCallees(known: readonly StatedCallee[]): void {
  for (const { kind, name, args = 0 } of known) {
    if (args > MAX_ARGS)
      throw badInput(
        'program',
        `${kind} ${name}`,
        `a ${kind} takes at most ${MAX_ARGS} arguments, not ${args}`,
      );
  }
}

interface StatedCallee extends CalleeRef {
  readonly name: string;
  readonly args: number | undefined;
}
