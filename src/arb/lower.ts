/** A whole spec to a program: functions lowered from the last to the first, laid out, calls resolved. */
import type { Insn } from '../bpf/insn.ts';
import { buildProgram, type Callee, type Program } from '../bpf/program.ts';
import type { Input } from '../core/env.ts';
import { type Callables, FunctionLowering, type LoweredFunction } from './function-lowering.ts';
import { Addresses, bytesOf } from './regions.ts';
import type { ProgramSpec } from './spec.ts';

/** A generated program with the input to run it on. */
export interface Generated {
  readonly spec: ProgramSpec;
  readonly program: Program;
  readonly input: Input;
}

/** Lowers any spec; the result is valid by construction. */
export function lower(spec: ProgramSpec): Generated {
  const addresses = new Addresses(spec);
  const lowered: (LoweredFunction | undefined)[] = new Array(spec.functions.length);
  for (let index = spec.functions.length - 1; index >= 0; index--) {
    const fn = spec.functions[index];
    if (fn === undefined) continue;
    const callables: Callables = { functions: behind(spec, lowered, index), natives: spec.natives };
    lowered[index] = new FunctionLowering(fn, index, callables, addresses, spec.seed).lower();
  }
  return { spec, program: link(spec, lowered as LoweredFunction[], addresses), input: inputOf(spec) };
}

function behind(
  spec: ProgramSpec,
  lowered: readonly (LoweredFunction | undefined)[],
  index: number,
): Callables['functions'] {
  const functions: Callables['functions'][number][] = [];
  for (let k = index + 1; k < lowered.length; k++) {
    const fn = spec.functions[k];
    if (fn !== undefined) functions.push({ index: k, spec: fn, cost: lowered[k]?.cost ?? 0 });
  }
  return functions;
}

const inputOf = (spec: ProgramSpec): Input => ({ memory: bytesOf(spec.seed, 0xc7, spec.ctx) });

function link(spec: ProgramSpec, lowered: readonly LoweredFunction[], addresses: Addresses): Program {
  const reached = reachable(lowered);
  const starts = new Map<number, number>();
  let length = 0;
  for (const index of reached) {
    starts.set(index, length);
    length += (lowered[index] as LoweredFunction).insns.length;
  }
  const insns: (Insn | undefined)[] = [];
  for (const index of reached) {
    const start = starts.get(index) ?? 0;
    const { insns: own, calls } = lowered[index] as LoweredFunction;
    for (const insn of own) insns.push(insn);
    for (const { slot, functionIndex } of calls) {
      const target = starts.get(functionIndex) ?? 0;
      insns[start + slot] = { kind: 'call', target: 'local', imm: target - (start + slot) - 1, off: 0 };
    }
  }
  const functionNames = new Map(
    reached.map((index) => [starts.get(index) ?? 0, index === 0 ? 'main' : `f${index}`]),
  );
  const functionArgs = new Map(
    reached.map((index) => [starts.get(index) ?? 0, spec.functions[index]?.args ?? 0]),
  );
  return buildProgram(insns, {
    name: 'generated',
    functionNames,
    functionArgs,
    callees: spec.natives.map(calleeOf),
    data: addresses.sections(),
  });
}

/** Functions some call reaches, in order. */
function reachable(lowered: readonly LoweredFunction[]): number[] {
  const seen = new Set<number>([0]);
  for (const index of [...lowered.keys()]) {
    if (seen.has(index)) for (const call of lowered[index]?.calls ?? []) seen.add(call.functionIndex);
  }
  return [...seen].sort((a, b) => a - b);
}

const calleeOf = ({ kind, args }: ProgramSpec['natives'][number], index: number): Callee => ({
  kind,
  id: index + 1,
  name: `${kind}${index + 1}`,
  args,
});
