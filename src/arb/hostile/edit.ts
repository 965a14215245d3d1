/** Edits that break a rule of the contract: one instruction of one slot replaced by another one. */
import {
  isStackArgBase,
  MAX_ARGS,
  MAX_REG_ARGS,
  MAX_STACK_ARGS,
  MAX_STACK_BYTES,
} from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { buildProgram, type Program, type Subprog } from '../../bpf/program.ts';
import { R9, R10 } from '../../bpf/reg.ts';
import { type ContractRule, neededSlots } from '../contract/breaches.ts';
import { statesOf } from '../contract/flow.ts';
import type { ContractState } from '../contract/state.ts';

/** Which rule to break, and where: folded onto the places where it can be. */
export interface HostileEdit {
  readonly rule: ContractRule;
  readonly at: number;
  /** Chooses registers, slots and offsets of the new instruction. */
  readonly pick: number;
}

/** A place to break a rule at. */
interface Site {
  readonly pc: number;
  readonly insn: Insn;
  readonly state: ContractState;
  readonly subprog: Subprog;
  /** Outgoing slots the function's calls need. */
  readonly needed: number;
}

/** A way to break a rule: what to put at a site, or undefined where that would not break it. */
type Break = (site: Site, pick: number) => Insn | undefined;

const R11 = 11;

const BREAKS: Readonly<Record<ContractRule, Break>> = {
  'late-load': ({ insn, state, subprog: { args } }, pick) =>
    isPlain(insn) && state.late && args > MAX_REG_ARGS
      ? loadArgument(pick, MAX_REG_ARGS + 1 + (pick % (args - MAX_REG_ARGS)))
      : undefined,
  'excess-load': ({ insn, subprog }, pick) => {
    const args = Math.max(subprog.args, MAX_REG_ARGS);
    return isPlain(insn) && args < MAX_ARGS
      ? loadArgument(pick, args + 1 + (pick % (MAX_ARGS - args)))
      : undefined;
  },
  'missing-argument': ({ insn }) =>
    (insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst)
      ? { kind: 'ja', width: 16, off: 0 }
      : undefined,
  'unneeded-store': ({ insn, needed }, pick) => {
    if (!isPlain(insn) || needed >= MAX_STACK_ARGS) return undefined;
    const slot = Math.max(needed, 0) + (pick % (MAX_STACK_ARGS - Math.max(needed, 0)));
    return { kind: 'st', size: 8, dst: R11, off: -8 * (slot + 1), imm: pick };
  },
  'unset-register': ({ insn, state }, pick) => {
    const src = unsetRegister(state, pick);
    if (!isPlain(insn) || src === undefined) return undefined;
    const op = pick % 2 === 0 ? 'mov' : 'xor';
    return { kind: 'alu', op, width: 64, source: 'X', dst: definedRegister(state, pick), src, imm: 0 };
  },
  'unset-stack': ({ insn, state }, pick) => {
    const off = -8 * (1 + (pick % (MAX_STACK_BYTES / 8)));
    if (!isPlain(insn) || state.isWritten(off, 8)) return undefined;
    return { kind: 'ldx', size: 8, sign: false, dst: pick % R10, src: R10, off };
  },
};

/** The program with one rule broken at one place; the program itself where the rule cannot be broken. */
export function applyEdit(program: Program, { rule, at, pick }: HostileEdit): Program {
  const places: { readonly pc: number; readonly insn: Insn }[] = [];
  for (const site of sitesOf(program)) {
    const insn = BREAKS[rule](site, pick);
    if (insn !== undefined) places.push({ pc: site.pc, insn });
  }
  const place = places[at % places.length];
  if (place === undefined) return program;
  return rebuilt(program, program.insns.with(place.pc, place.insn));
}

function* sitesOf(program: Program): Iterable<Site> {
  for (const subprog of program.subprogs) {
    const needed = neededSlots(program, subprog);
    const states = statesOf(program, subprog);
    for (let pc = subprog.start; pc < subprog.end; pc++) {
      const insn = program.insns[pc];
      const state = states[pc - subprog.start];
      if (insn !== undefined && state !== undefined) yield { pc, insn, state, subprog, needed };
    }
  }
}

function rebuilt(program: Program, insns: Program['insns']): Program {
  const { name, subprogs, callees, data } = program;
  return buildProgram(insns, {
    name,
    functionNames: new Map(subprogs.map((subprog) => [subprog.start, subprog.name])),
    functionArgs: new Map(subprogs.map((subprog) => [subprog.start, subprog.args])),
    callees: [...callees.values()],
    data,
  });
}

/** One slot, no jump, and nothing that counts a loop: those add, use r10, or go through r9. */
function isPlain(insn: Insn): boolean {
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

function loadArgument(pick: number, argument: number): Insn {
  const off = 8 * (argument - MAX_REG_ARGS);
  return { kind: 'ldx', size: 8, sign: false, dst: pick % R10, src: R11, off };
}

function unsetRegister(state: ContractState, pick: number): number | undefined {
  for (let k = 0; k < R10; k++) if (!state.isSet((pick + k) % R10)) return (pick + k) % R10;
  return undefined;
}

/** Some register that holds something, r0 if there is none. */
function definedRegister(state: ContractState, pick: number): number {
  for (let k = 0; k < R10; k++) if (state.isSet((pick + k) % R10)) return (pick + k) % R10;
  return 0;
}
