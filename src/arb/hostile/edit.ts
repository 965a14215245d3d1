/** Edits that break a rule of the linter: a change at one place of a program. */
import type { Program } from '../../bpf/program.ts';
import type { RuleId } from '../../lint/rules.ts';
import { CALL_BREAKS } from './call-breaks.ts';
import { applyChange, type Change } from './change.ts';
import { FORM_BREAKS } from './form-breaks.ts';
import { READ_BREAKS } from './read-breaks.ts';
import { type Break, sitesOf } from './site.ts';

const BREAKS = { ...READ_BREAKS, ...FORM_BREAKS, ...CALL_BREAKS };

/** A rule that edits can break. */
export type HostileRule = keyof typeof BREAKS & RuleId;

export const HOSTILE_RULES = Object.keys(BREAKS) as readonly HostileRule[];

/** Those whose breach leaves a program that machines take. */
export const RUN_RULES = Object.keys(READ_BREAKS) as readonly (keyof typeof READ_BREAKS)[];

/** Which rule to break, and where: folded onto the places where it can be. */
export interface HostileEdit {
  readonly rule: HostileRule;
  readonly at: number;
  /** Chooses registers, slots and offsets of what is put there. */
  readonly pick: number;
}

/** The program with one rule broken at one place; the program itself where the rule cannot be broken. */
export function applyEdit(program: Program, { rule, at, pick }: HostileEdit): Program {
  const makeChange: Break = BREAKS[rule];
  const changes: Change[] = [];
  for (const site of sitesOf(program)) {
    const change = makeChange(site, pick);
    if (change !== undefined) changes.push(change);
  }
  const change = changes[at % changes.length];
  return change === undefined ? program : applyChange(program, change);
}
