/** A whole spec to a program: functions lowered from the last to the first, laid out, calls resolved. */
import type { Insn } from '../bpf/insn.ts';
import { buildProgram, type Callee, type Program } from '../bpf/program.ts';
import type { Input } from '../core/env.ts';
import { conform } from './conform.ts';
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
    });
    lowered[index] = done;
    callables = [{ index, args: fn.args, pointers: pointersOf(fn), cost: done.cost }, ...callables];
  }
  return { spec: wanted, program: link(spec, lowered, addresses), input: { memory: contextOf(spec) } };
}

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
      insns[start + slot] = { kind: 'call', target: 'local', imm: distance, off: 0 };
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
