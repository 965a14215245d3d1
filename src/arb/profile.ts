/**
 * What a JIT takes. What it declines is left out of the programs made for it, so that most of them count: forms
 * of instructions by their names in bpf/opcode-forms.ts, and structures, by these.
 */

import type { Insn } from '../bpf/insn.ts';
import { formOf } from '../bpf/opcode-forms.ts';
import type { GraphConstraints } from './call-graph.ts';

// biome-ignore format: a table
export const STRUCTURES = [
  { name: 'jump back',            what: 'jumps to an instruction before, in loops that end' },
  { name: 'stack arguments',      what: 'calls with more than 5 arguments' },
  { name: 'address in a region',  what: 'lddw of an address that is not the start of a region' },
  { name: 'stack word in parts',  what: 'a load from the stack that is wider than the last store to its 8 bytes' },
  { name: 'r2 at entry',          what: 'the size of the context' },
  { name: 'r10 as a value',       what: 'the frame pointer as an operand, beside addresses and arguments' },
] as const;

/** A structure's name. */
export type Structure = (typeof STRUCTURES)[number]['name'];

export interface Profile {
  /** What it declines, each with the reason it gives: forms and structures by name. */
  readonly lacks: ReadonlyMap<string, string>;
}

/** Takes all there is. */
export const ANY: Profile = { lacks: new Map() };

export const hasStructure = ({ lacks }: Profile, name: Structure): boolean =>
  lacks.size === 0 || !lacks.has(name);

/** Whether it takes an instruction, by its form. */
export function takes({ lacks }: Profile, insn: Insn): boolean {
  if (lacks.size === 0) return true;
  const form = formOf(insn);
  return form !== undefined && !lacks.has(form.name);
}

/** Statements of a lone function: as much as several small ones have. */
const LONE_STATEMENTS = 10;

/** How programs are drawn for it. */
export function constraintsOf(profile: Profile): GraphConstraints & { readonly maxStatements?: number } {
  return profile.lacks.has('call local') ? { maxFunctions: 1, maxStatements: LONE_STATEMENTS } : {};
}
