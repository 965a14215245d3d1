/**
 * Programs whose functions helpers call: loops and walks through data, nested, from main, from functions and from
 * callbacks, which call functions of up to 12 arguments. What each computes goes up through results and contexts.
 */
import * as fc from 'fast-check';
import type { Insn } from '../../bpf/insn.ts';
import { atDistance, buildProgram, type Callee, type Program } from '../../bpf/program.ts';
import { FOR_EACH_HELPER, LOOP_HELPER } from '../../core/callback.ts';
import type { Input } from '../../core/env.ts';
import { DATA_BASE } from '../../core/layout.ts';
import { TIMER_CANCEL, TIMER_INIT, TIMER_SET_CALLBACK, TIMER_START, timerArgs } from '../../core/timer.ts';
import { joinFunctions } from '../join.ts';
import { functionOf, MAX_OTHERS, plainSteps } from './draw.ts';
import { argsOf, type CallbackCode, callbackFunctionCode } from './function.ts';
import type { CallbackFunction, CallbackRole, CallbackSpec, CallbackStep } from './spec.ts';

/** A program with callbacks and the input to run it on. */
export interface CallbackProgram {
  readonly spec: CallbackSpec;
  readonly program: Program;
  readonly input: Input;
}

const MAX_STEPS = 2;
const MAX_COUNT = 3;
const MAX_ELEMENTS = 3;
const WORDS_PER_ELEMENT = 2;

const TIMER_HELPERS: readonly Callee[] = (
  [
    ['init', TIMER_INIT],
    ['set_callback', TIMER_SET_CALLBACK],
    ['start', TIMER_START],
    ['cancel', TIMER_CANCEL],
  ] as const
).map(([name, id]) => ({ kind: 'helper', id, name: `timer_${name}`, args: timerArgs(id) }));

/** Lowers any spec. */
export function lowerCallbacks(spec: CallbackSpec): CallbackProgram {
  const others = spec.others.map((fn, i) => ({ index: i + 1, role: fn.role, args: argsOf(fn) }));
  const codes = [spec.main, ...spec.others].map((fn, i) =>
    callbackFunctionCode(fn, others.slice(i), i === 0),
  );
  return { spec, program: link(spec, codes), input: { memory: new Uint8Array() } };
}

function link({ others, elements }: CallbackSpec, codes: readonly CallbackCode[]): Program {
  const { insns, startOf } = joinFunctions(codes, (insn, distance) => atDistance(insn as Insn, distance));
  const names = others.map(({ role }, i) => `${role === 'function' ? 'f' : role}${i + 1}`);
  return buildProgram(insns, {
    name: 'callbacks',
    functionNames: new Map(['main', ...names].map((name, i) => [startOf(i), name])),
    functionArgs: new Map(others.map((fn, i) => [startOf(i + 1), argsOf(fn)])),
    callees: [
      { kind: 'helper', id: LOOP_HELPER, name: 'loop', args: 4 },
      { kind: 'helper', id: FOR_EACH_HELPER, name: 'for_each_map_elem', args: 4 },
      ...(others.some(({ role }) => role === 'timer') ? TIMER_HELPERS : []),
    ],
    data: [{ name: '.data', address: DATA_BASE, bytes: bytesOf(elements), writable: true }],
  });
}

const bytesOf = (elements: readonly number[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(elements, (value) => BigInt(value)).buffer);

const calling: fc.Arbitrary<CallbackStep> = fc.record({
  kind: fc.constant('helper' as const),
  callee: fc.nat(MAX_OTHERS),
  count: fc.nat(MAX_COUNT),
  flags: fc.oneof({ withCrossShrink: true }, { arbitrary: fc.constant(0), weight: 15 }, fc.constant(1)),
  isSpilled: fc.boolean(),
});

const step: fc.Arbitrary<CallbackStep> = fc.oneof({ withCrossShrink: true }, ...plainSteps(2), {
  arbitrary: calling,
  weight: 4,
});

const drawn = (...roles: readonly CallbackRole[]): fc.Arbitrary<CallbackFunction> =>
  functionOf(step, MAX_STEPS, ...roles);

/** Programs with callbacks. Shrinks towards a main of one step. */
export function callbackProgram(): fc.Arbitrary<CallbackProgram> {
  const any = drawn('loop', 'each', 'function', 'function');
  const callback = drawn('loop', 'each');
  return fc
    .record({
      main: drawn('function'),
      others: fc
        .tuple(fc.array(any, { maxLength: MAX_OTHERS - 2, size: 'max' }), callback, any)
        .map(([first, called, last]) => [...first, called, last]),
      elements: fc
        .array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: MAX_ELEMENTS, size: 'max' })
        .map((pairs) => pairs.flat().slice(0, WORDS_PER_ELEMENT * MAX_ELEMENTS)),
    })
    .map(lowerCallbacks);
}
