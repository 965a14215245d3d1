/**
 * Stack arguments between the form of a file and the one form programs have in memory: base r11, outgoing arguments
 * at negative offsets, incoming ones at positive. So one call graph runs under every convention.
 */
import { badInput } from '../core/errors.ts';
import {
  type ConventionName,
  isStackArgBase,
  MAX_REG_ARGS,
  MAX_STACK_ARGS,
  STACK_ARG_FORMS,
  type StackArgForm,
} from './calling.ts';
import type { Insn, Slots } from './insn.ts';

const R11 = 11;
const WORD = 8;

/** A load or store of a stack argument. */
type Access = Extract<Insn, { kind: 'ldx' | 'st' | 'stx' }>;

/** Slots [start, end) of a function, and its number of arguments where a prototype says it. */
export interface FormFunction {
  readonly start: number;
  readonly end: number;
  readonly args: number | undefined;
}

/**
 * A file's instructions in the form of memory. Those on r11 have it already; those on r12 are read as the
 * convention has them. Throws an `input` error that names the instruction.
 */
export function fromFileForm(
  insns: Slots,
  functions: readonly FormFunction[],
  convention: ConventionName,
): Slots {
  const form = STACK_ARG_FORMS[convention];
  if (form.base === R11) return insns;
  const bases = new Set(insns.map((insn) => baseOf(insn)?.base));
  if (!bases.has(form.base)) return insns;
  if (bases.has(R11)) throw mixed(insns);
  const out = [...insns];
  for (const { start, end, args } of functions) {
    const incoming = args === undefined ? loadedSlots(insns, start, end) : Math.max(0, args - MAX_REG_ARGS);
    const shift = form.offsets === 'split' ? undefined : incoming;
    for (let pc = start; pc < end; pc++) out[pc] = insns[pc] && moved(insns[pc] as Insn, shift);
  }
  return out;
}

/** Shared offsets: an outgoing argument lies `incoming` slots farther down, an incoming one on the other side. */
function moved(insn: Insn, incoming: number | undefined): Insn {
  const access = baseOf(insn);
  if (access === undefined) return insn;
  if (access.insn.kind === 'ldx') {
    const off = incoming === undefined ? access.insn.off : -access.insn.off;
    return { ...access.insn, src: R11, off };
  }
  return { ...access.insn, dst: R11, off: access.insn.off + WORD * (incoming ?? 0) };
}

/** A program's instructions as a convention writes them. */
export function toFileForm(
  insns: Slots,
  functions: readonly { readonly start: number; readonly end: number; readonly args: number }[],
  convention: ConventionName,
): Slots {
  const form = STACK_ARG_FORMS[convention];
  if (form.base === R11) return insns;
  const out = [...insns];
  for (const { start, end, args } of functions) {
    const incoming = form.offsets === 'shared' ? Math.max(0, args - MAX_REG_ARGS) : undefined;
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      out[pc] = insn && written(insn, form, incoming);
    }
  }
  return out;
}

function written(insn: Insn, { base }: StackArgForm, incoming: number | undefined): Insn {
  const access = baseOf(insn);
  if (access === undefined) return insn;
  if (access.insn.kind === 'ldx') {
    return { ...access.insn, src: base, off: incoming === undefined ? access.insn.off : -access.insn.off };
  }
  return { ...access.insn, dst: base, off: access.insn.off - WORD * (incoming ?? 0) };
}

/** The access and its base, if the instruction is one. */
function baseOf(insn: Insn | undefined): { readonly insn: Access; readonly base: number } | undefined {
  if (insn === undefined) return undefined;
  if (insn.kind === 'ldx' && isStackArgBase(insn.src)) return { insn, base: insn.src };
  if ((insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst))
    return { insn, base: insn.dst };
  return undefined;
}

/** Incoming slots that loads of a function show, under shared offsets. */
function loadedSlots(insns: Slots, start: number, end: number): number {
  let slots = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn?.kind === 'ldx' && isStackArgBase(insn.src)) slots = Math.max(slots, -insn.off / WORD);
  }
  return Math.min(Math.ceil(slots), MAX_STACK_ARGS);
}

function mixed(insns: Slots): Error {
  const pc = insns.findIndex((insn) => baseOf(insn)?.base === R11);
  return badInput(
    'program',
    `insn ${pc}`,
    'stack arguments go through r11 here and through r12 elsewhere; use one',
  );
}
