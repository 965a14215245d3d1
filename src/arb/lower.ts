/** A whole spec to a program: functions lowered from the last to the first, then linked. */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { CallInsn } from '../bpf/insn.ts';
import { call } from '../bpf/make-insn.ts';
import type { Program } from '../bpf/program.ts';
import { checkCallee } from '../bpf/program-checks.ts';
import type { Input } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import { conform } from './conform.ts';
import { link } from './link.ts';
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

/**
 * Lowers any spec; the result is valid by construction, and only what the profile takes is in it. Throws an `input`
 * error where there is no function, or too many arguments.
 */
export function lower(wanted: ProgramSpec, profile: Profile = ANY): Generated {
  const spec = conform(wanted, profile);
  const addresses = new Addresses(spec);
  const { functions, seed } = spec;
  if (functions.length === 0) throw badInput('program', 'generated', 'it has no functions');
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
  native: undefined,
  args: fn.args,
  pointers: pointersOf(fn),
  cost,
  depth: frameBytes(stack) + depth,
});

/** Calls of the natives that most programs have, by id, and their names. */
const KNOWN = 8;
const callsOf = (kind: NativeSpec['kind']): readonly KnownNative[] =>
  Array.from({ length: KNOWN }, (_, id) => ({
    insn: call(kind, id),
    name: `${kind}${id}`,
  }));
const HELPERS = callsOf('helper');
const KFUNCS = callsOf('kfunc');

interface KnownNative {
  readonly insn: CallInsn;
  readonly name: string;
}

function nativeCall({ kind, args }: NativeSpec, index: number): Callable {
  const id = index + 1;
  const known = (kind === 'kfunc' ? KFUNCS : HELPERS)[id];
  const native = { kind, id, name: known?.name ?? `${kind}${id}`, args };
  checkCallee(native);
  return {
    insn: known?.insn ?? call(kind, id),
    functionIndex: undefined,
    native,
    args,
    pointers: 0,
    cost: 0,
    depth: 0,
  };
}

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
