/**
 * A program: instructions split into subprogs, the callees it names, and its data. Built once by
 * `buildProgram`, which refuses what no machine could run; immutable afterwards.
 */

import { ascending } from '../core/ascending.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { Mutable } from '../core/mutable.ts';
import type { NativeProto, Signature } from '../core/native.ts';
import { type ConventionName, MAX_REG_ARGS, STACK_ARG_FORMS } from './calling.ts';
import { checkExceptions, DEFAULT_CALLBACK, THROW, withCallback } from './exceptions.ts';
import type { Insn, Slots } from './insn.ts';
import { call, ja, jcc, lddw, mayGoto } from './make-insn.ts';
import { type ProgArray, progArraysOf, type StatedProgArray } from './prog-array.ts';
import { checkArgs, checkCallees, checkStart, checkSubprog, checkTarget } from './program-checks.ts';
import { fromFileForm } from './stack-arg-form.ts';
import { stackArgsUsed } from './stack-arg-use.ts';
import { uniformSlots } from './uniform.ts';

/** An argument passed by value that is larger than a slot. */
export interface ValueArg {
  /** Which of the declared arguments it is, counted from 1. */
  readonly position: number;
  /** The first of the slots it takes: 1..5 in r1..r5, 6..12 on the stack. */
  readonly slot: number;
  /** Kind of its type in BTF: STRUCT, UNION or INT. */
  readonly type: string;
  readonly bytes: number;
  /** It is a number, or made of nothing but numbers. */
  readonly isScalar: boolean;
}

/** What is declared of a function or kfunc beside the number of its arguments. */
export interface Declared {
  readonly linkage?: 'static' | 'global';
  /** The number of its arguments is that of a prototype. */
  readonly stated?: true;
  /** Structures, unions and numbers of more than 8 bytes among its arguments. */
  readonly byValue?: readonly ValueArg[];
  /** Number of arguments by BTF, where somebody has stated a number. */
  readonly btfArgs?: number;
}

/** A helper or a kfunc, as the program knows it. */
export interface Callee extends CalleeRef {
  readonly kind: 'helper' | 'kfunc';
  readonly name: string;
  /** Number of arguments, 0..12; undefined where no prototype is known. */
  readonly args: number | undefined;
  readonly declared?: Declared;
  /** Of a kfunc with arguments or a result of two words: its C types. `args` then counts words. */
  readonly signature?: Signature;
}

/** One function: slots [start, end). Subprog 0 is main and starts at slot 0. */
export interface Subprog {
  readonly index: number;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Arguments it takes: from its prototype, else what its incoming loads show, at least 5. */
  readonly args: number;
  /** Stack arguments it passes: the farthest slot it stores to, counted from argument 6. */
  readonly outgoing: number;
  readonly declared?: Declared;
}

/** A global data section, laid out at a fixed address. */
export interface DataSection {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** A line of the text that an instruction was made of. */
export interface SourceLine {
  /** As whoever made the program named it. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
}

/** By slot; undefined where it is not known. */
export type SourceLines = readonly (SourceLine | undefined)[];

export interface Program {
  readonly name: string;
  /** Stack arguments in the form of `linux`, whatever the convention: see stack-arg-form.ts. */
  readonly insns: Slots;
  readonly subprogs: readonly Subprog[];
  /** By `calleeKey`. Holds every helper and kfunc that some instruction calls. */
  readonly callees: ReadonlyMap<string, Callee>;
  readonly data: readonly DataSection[];
  /** Where there is one, helper 12 is a tail call. @defaultValue none */
  readonly progArrays?: readonly ProgArray[];
  /** Subprogs whose address some instruction loads; where there are any, some helpers call them (core/callback.ts). @defaultValue none */
  readonly callbacks?: readonly number[];
  /** Index of the subprog that goes on where `bpf_throw` is called. @defaultValue none: nothing throws */
  readonly exceptionCallback?: number;
  /** Who calls it through a trampoline; absent where it is called as by `bpf_prog_run()`. */
  readonly native?: NativeProto;
  /** What it was written for, and runs under unless another is asked for. */
  readonly convention: ConventionName;
  /** Where its instructions come from, if that is known. */
  readonly lines?: SourceLines;
}

/** What is known of a program beside its instructions. */
export interface ProgramParts {
  readonly name?: string;
  /** Names by first slot. */
  readonly functionNames?: ReadonlyMap<number, string>;
  /** Number of arguments of functions, by first slot. */
  readonly functionArgs?: ReadonlyMap<number, number>;
  /** What else is declared of functions, by first slot. */
  readonly functionDeclared?: ReadonlyMap<number, Declared>;
  /** Prototypes of helpers and kfuncs; those the code does not call are dropped. */
  readonly callees?: readonly Callee[];
  readonly data?: readonly DataSection[];
  readonly progArrays?: readonly StatedProgArray[];
  /** First slot of the exception callback. @defaultValue Linux's own, if the program throws */
  readonly exceptionCallback?: number;
  /** What the program was written for. @defaultValue 'linux' */
  readonly convention?: ConventionName;
  readonly lines?: SourceLines;
  /** Whether what no machine could run is refused, or left for the linter to tell of. @defaultValue 'checked' */
  readonly shape?: Shape;
}

export type Shape = 'checked' | 'as-is';

/**
 * Splits and checks. Stack arguments may be in the form of `linux` or in that of the convention. Throws an `input`
 * error that names the instruction.
 */
export function buildProgram(stated: Slots, parts: ProgramParts = {}): Program {
  if (stated.length === 0) throw badInput('program', parts.name ?? 'program', 'it has no instructions');
  const given = uniformSlots(stated);
  const { convention = 'linux', shape = 'checked' } = parts;
  const arrays = parts.progArrays ?? [];
  const callees = parts.callees ?? [];
  const naming = namingSlots(given);
  const { slots, callback } =
    shape === 'checked'
      ? withCallback(given, naming, callees, parts.exceptionCallback)
      : { slots: given, callback: parts.exceptionCallback };
  if (callback !== undefined && shape === 'checked') checkExceptions(slots, callback, arrays.length > 0);
  const known = [...(parts.functionNames?.keys() ?? [])];
  for (const { programs } of arrays) for (const slot of programs) if (slot !== null) known.push(slot);
  if (callback !== undefined) known.push(callback);
  const starts = subprogStarts(slots, naming, known, shape);
  const functions = starts.map((start, index) => {
    const stated = parts.functionArgs?.get(start) ?? (start === callback ? 1 : undefined);
    return { start, end: starts[index + 1] ?? slots.length, args: stated };
  });
  const insns = fromFileForm(slots, functions, convention);
  const subprogs = functions.map(({ start, end, args: stated }, index): Subprog => {
    const used = stackArgsUsed(insns, start, end, STACK_ARG_FORMS.linux.base);
    const args = stated ?? Math.max(MAX_REG_ARGS, used.incoming);
    if (shape === 'checked') {
      checkSubprog(insns, start, end);
      if (used.wrong !== undefined) throw used.wrong;
      checkArgs(args, start);
    }
    const own = start === given.length ? DEFAULT_CALLBACK : `func_${start}`;
    const name = parts.functionNames?.get(start) ?? (index === 0 ? 'main' : own);
    const declared = parts.functionDeclared?.get(start);
    const known = { index, name, start, end, args, outgoing: used.outgoing };
    return declared === undefined ? known : { ...known, declared };
  });
  if (shape === 'checked') checkCallees(callees);
  const callbacks = addressed(insns, naming, starts);
  const program: Mutable<Program> = {
    name: parts.name ?? 'program',
    insns,
    subprogs,
    callees: calleesOf(insns, naming, callees),
    data: parts.data ?? [],
    convention,
  };
  // One by one: a spread of what may not be there is slow, and this is done for every case of a campaign.
  if (callback !== undefined) program.exceptionCallback = starts.indexOf(callback);
  if (arrays.length > 0) program.progArrays = progArraysOf(arrays, starts, program.data);
  if (callbacks.length > 0) program.callbacks = callbacks;
  if (parts.lines !== undefined) program.lines = parts.lines;
  return program;
}

/** The subprog that holds a slot. */
export function subprogAt(program: Program, pc: number): Subprog {
  let low = 0;
  let high = program.subprogs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((program.subprogs[middle] as Subprog).start <= pc) low = middle;
    else high = middle - 1;
  }
  return program.subprogs[low] as Subprog;
}

/** Slot a call, jump or code address names, or undefined if it names none. */
export function targetOf(pc: number, insn: Insn): number | undefined {
  switch (insn.kind) {
    case 'ja':
    case 'jcc':
    case 'may_goto':
      return pc + 1 + insn.off;
    case 'call':
      return insn.target === 'local' ? pc + 1 + insn.imm : undefined;
    case 'lddw':
      return insn.src === 4 ? pc + 1 + Number(BigInt.asIntN(32, insn.imm)) : undefined;
    default:
      return undefined;
  }
}

/** The same call, jump or code address, to the slot that is `distance` behind the next one. */
export function atDistance(insn: Insn, distance: number): Insn {
  switch (insn.kind) {
    case 'ja':
      return ja(distance, insn.width);
    case 'jcc':
      return jcc(insn.op, insn.width, insn.source, insn.dst, insn.src, insn.imm, distance);
    case 'may_goto':
      return mayGoto(distance);
    case 'call':
      return call(insn.target, distance, insn.off);
    case 'lddw':
      return lddw(insn.dst, BigInt.asUintN(32, BigInt(distance)), insn.src);
    default:
      return insn;
  }
}

/** Slots of the instructions that name functions, helpers or kfuncs: what several steps go through. */
function namingSlots(insns: Slots): number[] {
  const slots: number[] = [];
  for (let pc = 0; pc < insns.length; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    if (insn.kind === 'call' || (insn.kind === 'lddw' && insn.src === 4)) slots.push(pc);
  }
  return slots;
}

function subprogStarts(
  insns: Slots,
  naming: readonly number[],
  known: readonly number[],
  shape: Shape,
): number[] {
  const starts = new Set<number>([0]);
  for (const start of known) {
    if (shape === 'checked') checkStart(insns, start);
    if (insns[start] !== undefined) starts.add(start);
  }
  for (const pc of naming) {
    const target = targetOf(pc, insns[pc] as Insn);
    if (target === undefined) continue;
    if (shape === 'checked') checkTarget(insns, target, pc);
    if (insns[target] !== undefined) starts.add(target);
  }
  return ascending([...starts]);
}

/** Indices of the subprogs that some `lddw` gives the address of. */
function addressed(insns: Slots, naming: readonly number[], starts: readonly number[]): number[] {
  const loads = naming.filter((pc) => (insns[pc] as Insn).kind === 'lddw');
  if (loads.length === 0) return [];
  const slots = new Set(loads.map((pc) => targetOf(pc, insns[pc] as Insn)));
  return starts.flatMap((start, index) => (slots.has(start) ? [index] : []));
}

/** `bpf_throw` takes the cookie, whatever is stated of it. */
const throwing = (callee: Callee): Callee =>
  callee.kind === 'kfunc' && callee.name === THROW ? { ...callee, args: 1 } : callee;

/** What is known of a helper or kfunc, by the last who says something of it. */
function calleeOf(known: readonly Callee[], kind: Callee['kind'], id: number): Callee {
  const callee = known.findLast((each) => each.kind === kind && each.id === id);
  return callee === undefined ? { kind, id, name: `${kind}_${id}`, args: undefined } : throwing(callee);
}

function calleesOf(insns: Slots, naming: readonly number[], known: readonly Callee[]): Map<string, Callee> {
  const used = new Map<string, Callee>();
  for (const pc of naming) {
    const insn = insns[pc] as Insn;
    if (insn.kind !== 'call' || insn.target === 'local') continue;
    const key = calleeKey({ kind: insn.target, id: insn.imm });
    if (!used.has(key)) used.set(key, calleeOf(known, insn.target, insn.imm));
  }
  return used;
}
