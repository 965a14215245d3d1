/** Changes to a finished program: instructions replaced and put in, prototypes altered. */

import type { Declared } from '../../bpf/declared.ts';
import { type Insn, slotsOf } from '../../bpf/insn.ts';
import {
  atDistance,
  buildProgram,
  type Callee,
  type Program,
  type Shape,
  targetOf,
} from '../../bpf/program.ts';
import { calleeKey } from '../../core/env.ts';

export interface Change {
  /** Instructions of one slot, by slot. */
  readonly replace?: ReadonlyMap<number, Insn>;
  readonly insert?: readonly Insertion[];
  /** By first slot of the function, as it was. */
  readonly args?: ReadonlyMap<number, number>;
  readonly declared?: ReadonlyMap<number, Declared>;
  /** In the place of those of the same kind and id. */
  readonly callees?: readonly Callee[];
}

/** Instructions put before the one at a slot. What led there leads to them. */
export interface Insertion {
  readonly pc: number;
  /** `after`: they belong to the function that ends there, and what led there still does. */
  readonly side?: 'before' | 'after';
  /** Distances are written as slots of the program as it was. */
  readonly insns: readonly Insn[];
}

/** A call of the function that starts at a slot, for an insertion. */
export const callTo = (start: number): Insn => ({ kind: 'call', target: 'local', imm: start, off: 0 });
/** Its address. */
export const addressOf = (dst: number, start: number): Insn => ({
  kind: 'lddw',
  dst,
  src: 4,
  imm: BigInt(start),
});

export function applyChange(program: Program, change: Change): Program {
  const moved = new Moved(program, change.insert ?? []);
  const insns = moved.insns(change.replace ?? new Map());
  return rebuilt(program, { insns, change, start: (slot) => moved.target(slot), shape: 'as-is' });
}

/** The same program, refused if no machine could run it. Throws an `input` error. */
export const checked = (program: Program): Program =>
  rebuilt(program, { insns: program.insns, change: {}, start: (slot) => slot, shape: 'checked' });

interface Parts {
  readonly insns: Program['insns'];
  readonly change: Change;
  /** Where a function starts now. */
  readonly start: (slot: number) => number;
  readonly shape: Shape;
}

function rebuilt(program: Program, { insns, change, start, shape }: Parts): Program {
  const { name, subprogs, callees, data } = program;
  const declared = new Map<number, Declared>();
  for (const subprog of subprogs) {
    const known = change.declared?.get(subprog.start) ?? subprog.declared;
    if (known !== undefined) declared.set(start(subprog.start), known);
  }
  return buildProgram(insns, {
    name,
    functionNames: new Map(subprogs.map((subprog) => [start(subprog.start), subprog.name])),
    functionArgs: new Map(
      subprogs.map((subprog) => [start(subprog.start), change.args?.get(subprog.start) ?? subprog.args]),
    ),
    functionDeclared: declared,
    callees: mergedCallees([...callees.values()], change.callees ?? []),
    data,
    shape,
  });
}

function mergedCallees(known: readonly Callee[], changed: readonly Callee[]): Callee[] {
  return [...new Map([...known, ...changed].map((callee) => [calleeKey(callee), callee])).values()];
}

/** Slots before and after insertions. */
class Moved {
  readonly #program: Program;
  readonly #inserts: readonly Insertion[];

  constructor(program: Program, inserts: readonly Insertion[]) {
    this.#program = program;
    this.#inserts = [...inserts].sort((a, b) => a.pc - b.pc);
  }

  /** Where what led to a slot leads now. */
  target(slot: number): number {
    let at = slot;
    for (const { pc, side = 'before', insns } of this.#inserts)
      if (pc < slot || (pc === slot && side === 'after')) at += sizeOf(insns);
    return at;
  }

  insns(replace: ReadonlyMap<number, Insn>): (Insn | undefined)[] {
    const insns: (Insn | undefined)[] = [];
    const old = this.#program.insns;
    for (let pc = 0; pc <= old.length; pc++) {
      for (const insertion of this.#inserts)
        if (insertion.pc === pc)
          for (const insn of insertion.insns) push(insns, this.#placed(insn, insns.length));
      if (pc === old.length) break;
      const insn = replace.get(pc) ?? old[pc];
      insns.push(insn === undefined ? undefined : this.#retargeted(insn, pc, insns.length));
    }
    return insns;
  }

  /** An inserted instruction: its target is a slot as it was. */
  #placed(insn: Insn, at: number): Insn {
    const isCall = insn.kind === 'call' && insn.target === 'local';
    if (!isCall && !(insn.kind === 'lddw' && insn.src === 4)) return insn;
    return atDistance(insn, this.target(Number(insn.imm)) - at - 1);
  }

  #retargeted(insn: Insn, pc: number, at: number): Insn {
    const target = targetOf(pc, insn);
    if (target === undefined) return insn;
    const distance = this.target(target) - at - 1;
    if (distance === target - pc - 1) return insn;
    return atDistance(insn, distance);
  }
}

const sizeOf = (insns: readonly Insn[]): number => insns.reduce((sum, insn) => sum + slotsOf(insn), 0);

function push(insns: (Insn | undefined)[], insn: Insn): void {
  insns.push(insn);
  if (slotsOf(insn) === 2) insns.push(undefined);
}
