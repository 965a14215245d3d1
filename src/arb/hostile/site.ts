/** Places of a program that rules can be broken at. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import type { Program, Subprog } from '../../bpf/program.ts';
import { R9, R10 } from '../../bpf/reg.ts';
import { argsOfCall } from '../../lint/calls.ts';
import { sitesOf as reachedSites } from '../../lint/check.ts';
import { flowOf } from '../../lint/flow.ts';
import type { State } from '../../lint/state.ts';
import type { Change } from './change.ts';

/** An instruction that is reached, and what the linter knows before it. */
export interface Site {
  readonly program: Program;
  readonly subprog: Subprog;
  readonly pc: number;
  readonly insn: Insn;
  /** As long as the site is looked at. */
  readonly state: State;
  /** Outgoing slots the function's calls need. */
  readonly needed: number;
}

/** A way to break a rule: what to do at a site, or undefined where that would not break it. */
export type Break = (site: Site, pick: number) => Change | undefined;

export function* sitesOf(program: Program): Iterable<Site> {
  for (const fn of flowOf(program, 'doubted')) {
    const { subprog } = fn;
    const needed = neededSlots(program, subprog);
    for (const { pc, insn, state } of reachedSites(fn)) yield { program, subprog, pc, insn, state, needed };
  }
}

/** Those of its call with most arguments. */
function neededSlots(program: Program, { start, end }: Subprog): number {
  let needed = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = program.insns[pc];
    if (insn?.kind === 'call')
      needed = Math.max(needed, (argsOfCall(program, pc, insn) ?? MAX_REG_ARGS) - MAX_REG_ARGS);
  }
  return needed;
}

/** One slot, no jump, and nothing that counts a loop: those add, use r10, or go through r9. */
export function isPlain(insn: Insn): boolean {
  switch (insn.kind) {
    case 'alu':
      return insn.op !== 'add';
    case 'movsx':
    case 'swap':
    case 'atomic':
      return true;
    case 'ldx':
      return insn.src < R10 && insn.dst !== R9;
    case 'st':
      return insn.dst < R10;
    case 'stx':
      return insn.dst < R10 && insn.src !== R9;
    default:
      return false;
  }
}

/** The instruction of a site becomes another one. */
export const instead = ({ pc }: Site, insn: Insn): Change => ({ replace: new Map([[pc, insn]]) });
/** These come before it. */
export const before = ({ pc }: Site, insns: readonly Insn[]): Change => ({ insert: [{ pc, insns }] });
