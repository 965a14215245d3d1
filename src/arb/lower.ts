/** A whole spec to a program: functions lowered from the last to the first, laid out, calls resolved. */
import { MAX_CALL_FRAMES, MAX_STACK_BYTES } from '../bpf/calling.ts';
import { call } from '../bpf/make-insn.ts';
import { buildProgram, type Callee, type Program } from '../bpf/program.ts';
import type { Input } from '../core/env.ts';
import { conform } from './conform.ts';
import { countersOf } from './lowering/body.ts';
import { type Callable, pointersOf } from './lowering/builder.ts';
import { type LoweredFunction, lowerFunction } from './lowering/function.ts';
import { ANY, type Profile } from './profile.ts';
import { Addresses, contextOf } from './regions.ts';
import type { FunctionSpec, NativeSpec, ProgramSpec } from './spec.ts';

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
  const { functions, seed } = spec;
  const natives = spec.natives.map(nativeCall);
  const counters = functions.map(({ body }) => countersOf(body));
  const lowered: LoweredFunction[] = new Array(functions.length);
  /** Those behind the function that is lowered, the nearest last. */
  const behind: Callable[] = [];
  for (let index = functions.length - 1; index >= 0; index--) {
    const fn = functions[index] as FunctionSpec;
    const done = lowerFunction(fn, {
      index,
      functions: behind,
      natives,
      addresses,
      seed,
      profile,
      budget: (BUDGET * (functions.length - index)) / functions.length,
      room: stackRoom(counters, index, behind),
      counters: counters[index] as number,
    });
    lowered[index] = done;
    behind.push(functionCall(fn, index, done));
  }
  return {
    spec: wanted,
    program: link(spec, lowered, addresses),
    input: { memory: contextOf(spec) },
  };
}

/** Stands for a call of a function until all functions have their places. */
const OPEN_CALL = call('local', 0);

const functionCall = (
  fn: FunctionSpec,
  index: number,
  { cost, stack, depth }: LoweredFunction,
): Callable => ({
  insn: OPEN_CALL,
  functionIndex: index,
  args: fn.args,
  pointers: pointersOf(fn),
  cost,
  depth: frameBytes(stack) + depth,
});

const nativeCall = ({ kind, args }: NativeSpec, index: number): Callable => ({
  insn: call(kind, index + 1),
  functionIndex: undefined,
  args,
  pointers: 0,
  cost: 0,
  depth: 0,
});

/**
 * Bytes of stack left for a function by those it may call, and by what those that may call it cannot do without:
 * Linux bounds the sum over a chain of calls (check_max_stack_depth_subprog()).
 */
function stackRoom(counters: readonly number[], index: number, behind: readonly Callable[]): number {
  let least = 0;
  for (let k = 0; k < index; k++) least += frameBytes(counters[k] as number);
  let deepest = 0;
  for (const { depth } of behind) deepest = Math.max(deepest, depth);
  return MAX_STACK_BYTES - least - deepest;
}

/** Linux round_up_stack_depth() */
const frameBytes = (bytes: number): number => 16 * Math.ceil(bytes / 16);

const UNREACHED = -1;
/** Of the functions there may be. */
const NAMES = Array.from({ length: MAX_CALL_FRAMES }, (_, index) => (index === 0 ? 'main' : `f${index}`));

function link(spec: ProgramSpec, lowered: readonly LoweredFunction[], addresses: Addresses): Program {
  const starts = placeReached(lowered);
  // The rest goes behind main.
  const insns = lowered[0]?.insns ?? [];
  const functionNames = new Map<number, string>();
  const functionArgs = new Map<number, number>();
  for (let index = 0; index < lowered.length; index++) {
    const start = starts[index] as number;
    if (start === UNREACHED) continue;
    const { insns: own, calls } = lowered[index] as LoweredFunction;
    if (index > 0) for (const insn of own) insns.push(insn);
    for (const { slot, functionIndex } of calls) {
      const at = start + slot;
      insns[at] = call('local', (starts[functionIndex] as number) - at - 1);
    }
    functionNames.set(start, NAMES[index] ?? `f${index}`);
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

/** First slots of the functions that some call reaches; functions call those behind them alone. */
function placeReached(lowered: readonly LoweredFunction[]): readonly number[] {
  const starts = lowered.map((_, index): number => (index === 0 ? 0 : UNREACHED));
  let length = 0;
  for (let index = 0; index < lowered.length; index++) {
    if (starts[index] === UNREACHED) continue;
    const { insns, calls } = lowered[index] as LoweredFunction;
    for (const { functionIndex } of calls) starts[functionIndex] = 0;
    starts[index] = length;
    length += insns.length;
  }
  return starts;
}

const calleeOf = ({ kind, args }: NativeSpec, index: number): Callee => ({
  kind,
  id: index + 1,
  name: `${kind}${index + 1}`,
  args,
});
