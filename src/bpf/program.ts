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
import { type ConventionName, MAX_REG_ARGS } from './calling.ts';
import type { Declared } from './declared.ts';
import { checkExceptions, DEFAULT_CALLBACK, THROW, withCallback } from './exceptions.ts';
import type { Insn, Slots } from './insn.ts';
import { call, ja, jcc, lddw, mayGoto } from './make-insn.ts';
import { isAmong, type MarkedSlots, markedSlots } from './marked-slots.ts';
import { type ProgArray, progArraysOf, type StatedProgArray } from './prog-array.ts';
import { checkArgs, checkCallee, checkEnd, checkJumps, checkStart, checkTarget } from './program-checks.ts';
import { type FormFunction, fromFileForm } from './stack-arg-form.ts';
import { stackArgsUsed } from './stack-arg-use.ts';
import { uniformSlots } from './uniform.ts';

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
  const { convention = 'linux', shape = 'checked' } = parts;
  const arrays = parts.progArrays ?? [];
  const callees = parts.callees ?? [];
  const marked = markedSlots(stated);
  const { naming } = marked;
  const given = marked.areUniform ? stated : uniformSlots(stated);
  const { slots, callback } =
    shape === 'checked'
      ? withCallback(given, naming, callees, parts.exceptionCallback)
      : { slots: given, callback: parts.exceptionCallback };
  if (callback !== undefined && shape === 'checked') checkExceptions(slots, callback, arrays.length > 0);
  const starts = subprogStarts(slots, naming, statedStarts(parts, callback), shape);
  const functions = starts.map((start, index): NamedFunction => {
    const args = parts.functionArgs?.get(start) ?? (start === callback ? 1 : undefined);
    const name = parts.functionNames?.get(start) ?? nameOf(start, given.length);
    return { name, start, end: starts[index + 1] ?? slots.length, args };
  });
  const insns = fromFileForm(slots, functions, convention);
  const subprogs = subprogsOf(insns, marked, functions, parts);
  if (shape === 'checked') for (const callee of callees) checkCallee(callee);
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

interface NamedFunction extends FormFunction {
  readonly name: string;
}

/** Of a function that nobody has named. `stated`: instructions there are without Linux's own callback. */
function nameOf(start: number, stated: number): string {
  if (start === 0) return 'main';
  return start === stated ? DEFAULT_CALLBACK : `func_${start}`;
}

function subprogsOf(
  insns: Slots,
  marked: MarkedSlots,
  functions: readonly NamedFunction[],
  { functionDeclared, shape }: ProgramParts,
): Subprog[] {
  return functions.map((fn, index): Subprog => {
    const { name, start, end, args: stated } = fn;
    const used = stackArgsUsed(insns, marked.stackArgs, fn);
    const args = stated ?? Math.max(MAX_REG_ARGS, used.incoming);
    if (shape !== 'as-is') {
      checkJumps(insns, marked.jumps, start, end);
      checkEnd(insns, start, end);
      if (used.wrong !== undefined) throw used.wrong;
      checkArgs(args, start);
    }
    const declared = functionDeclared?.get(start);
    const known = { index, name, start, end, args, outgoing: used.outgoing };
    return declared === undefined ? known : { ...known, declared };
  });
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

/** First slots that are stated: of functions, of the programs of arrays, of the exception callback. */
function statedStarts(parts: ProgramParts, callback: number | undefined): number[] {
  const starts: number[] = [];
  if (parts.functionNames !== undefined) for (const start of parts.functionNames.keys()) starts.push(start);
  if (parts.progArrays !== undefined)
    for (const { programs } of parts.progArrays)
      for (const slot of programs) if (slot !== null) starts.push(slot);
  if (callback !== undefined) starts.push(callback);
  return starts;
}

function subprogStarts(
  insns: Slots,
  naming: readonly number[],
  stated: readonly number[],
  shape: Shape,
): readonly number[] {
  if (shape === 'checked') for (const start of stated) checkStart(insns, start);
  const known = distinct(ascending([0, ...stated.filter((start) => insns[start] !== undefined)]));
  const further: number[] = [];
  for (const pc of naming) {
    const target = targetOf(pc, insns[pc] as Insn);
    if (target === undefined) continue;
    if (shape === 'checked') checkTarget(insns, target, pc);
    if (insns[target] !== undefined && !isAmong(known, target)) further.push(target);
  }
  return further.length === 0 ? known : distinct(ascending([...known, ...further]));
}

/** Of ascending numbers. */
const distinct = (numbers: readonly number[]): number[] =>
  numbers.filter((number, k) => k === 0 || number !== numbers[k - 1]);

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
  for (let k = known.length - 1; k >= 0; k--) {
    const callee = known[k] as Callee;
    if (callee.kind === kind && callee.id === id) return throwing(callee);
  }
  return { kind, id, name: `${kind}_${id}`, args: undefined };
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
