/** A whole spec to a program: functions lowered from the last to the first, laid out, calls resolved. */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { call } from '../bpf/make-insn.ts';
import { buildProgram, type Callee, type Program } from '../bpf/program.ts';
import type { Input } from '../core/env.ts';
import { conform } from './conform.ts';
import { countersOf } from './lowering/body.ts';
import { type Callable, pointersOf } from './lowering/builder.ts';
import { type LoweredFunction, lowerFunction } from './lowering/function.ts';
import { ANY, type Profile } from './profile.ts';
import { Addresses, contextOf } from './regions.ts';
import type { FunctionSpec, ProgramSpec } from './spec.ts';

/** A generated program with the input to run it on. */
export interface Generated {
  readonly spec: ProgramSpec;
  readonly program: Program;
  readonly input: Input;
}

/** Instructions a whole run may take. Functions farther back get less, so that those before can call them. */
const BUDGET = 500;

/** Lowers any spec; the result is valid by construction, and only what the profile takes is in it. */
export function lower(wanted: ProgramSpec, profile: Profile = ANY): Generated {
  const spec = conform(wanted, profile);
  const addresses = new Addresses(spec);
  const { functions, natives, seed } = spec;
  const lowered: LoweredFunction[] = [];
  let callables: readonly Callable[] = [];
  for (let index = functions.length - 1; index >= 0; index--) {
    const fn = functions[index] as FunctionSpec;
    const budget = (BUDGET * (functions.length - index)) / functions.length;
    const done = lowerFunction(fn, {
      index,
      functions: callables,
      natives,
      addresses,
      seed,
      profile,
      budget,
      room: stackRoom(functions.slice(0, index), callables),
    });
    lowered[index] = done;
    const { cost } = done;
    const depth = stackDepth(done, callables);
    callables = [{ index, args: fn.args, pointers: pointersOf(fn), cost, depth }, ...callables];
  }
  return { spec: wanted, program: link(spec, lowered, addresses), input: { memory: contextOf(spec) } };
}

/**
 * Bytes of stack left for a function by those it may call, and by what those that may call it cannot do without:
 * Linux bounds the sum over a chain of calls (check_max_stack_depth_subprog()).
 */
function stackRoom(before: readonly FunctionSpec[], behind: readonly Callable[]): number {
  const least = before.reduce((sum, { body }) => sum + frameBytes(countersOf(body)), 0);
  return MAX_STACK_BYTES - least - Math.max(0, ...behind.map(({ depth }) => depth));
}

/** Of a function and those it calls. */
function stackDepth({ stack, calls }: LoweredFunction, behind: readonly Callable[]): number {
  const called = new Set(calls.map(({ functionIndex }) => functionIndex));
  return (
    frameBytes(stack) + Math.max(0, ...behind.map(({ index, depth }) => (called.has(index) ? depth : 0)))
  );
}

/** Linux round_up_stack_depth() */
const frameBytes = (bytes: number): number => 16 * Math.ceil(bytes / 16);

function link(spec: ProgramSpec, lowered: readonly LoweredFunction[], addresses: Addresses): Program {
  const starts = placeReached(lowered);
  const insns: (Insn | undefined)[] = [];
  const functionNames = new Map<number, string>();
  const functionArgs = new Map<number, number>();
  for (const [index, start] of starts) {
    const { insns: own, calls } = lowered[index] as LoweredFunction;
    for (const insn of own) insns.push(insn);
    for (const { slot, functionIndex } of calls) {
      const distance = (starts.get(functionIndex) ?? 0) - (start + slot) - 1;
      insns[start + slot] = call('local', distance);
    }
    functionNames.set(start, index === 0 ? 'main' : `f${index}`);
    functionArgs.set(start, spec.functions[index]?.args ?? 0);
  }
  return buildProgram(insns, {
    name: 'generated',
    functionNames,
    functionArgs,
    callees: spec.natives.map(calleeOf),
    data: addresses.sections(),
  });
}

/** First slots of the functions that some call reaches, in order. */
function placeReached(lowered: readonly LoweredFunction[]): Map<number, number> {
  const reached = new Set<number>([0]);
  const starts = new Map<number, number>();
  let length = 0;
  for (let index = 0; index < lowered.length; index++) {
    if (!reached.has(index)) continue;
    const { insns, calls } = lowered[index] as LoweredFunction;
    for (const call of calls) reached.add(call.functionIndex);
    starts.set(index, length);
    length += insns.length;
  }
  return starts;
}

const calleeOf = ({ kind, args }: ProgramSpec['natives'][number], index: number): Callee => ({
  kind,
  id: index + 1,
  name: `${kind}${index + 1}`,
  args,
});
