/**
 * Programs that throw: main and a chain of functions that use callee-saved registers and stack, pass up to 12 arguments
 * and have some on their stacks that are not passed; somewhere in it one throws, and a callback goes on.
 */
import * as fc from 'fast-check';
import { MAX_ARGS, MAX_CALL_FRAMES, MAX_STACK_ARGS } from '../../bpf/calling.ts';
import { THROW } from '../../bpf/exceptions.ts';
import { buildProgram, type Callee, type Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import { DATA_BASE } from '../../core/layout.ts';
import { joinFunctions, localCall } from '../join.ts';
import { kfuncId, THROW_ID, type ThrowCode, throwFunctionCode } from './code.ts';
import type { ThrowFunction, ThrowSpec, ThrowStep } from './spec.ts';

/** A program that may throw and the input to run it on. */
export interface ThrowProgram {
  readonly spec: ThrowSpec;
  readonly program: Program;
  readonly input: Input;
}

const WORD = 8;
const MAX_STEPS = 3;
const MAX_WORDS = 4;
const ALL_SAVED = 15;

const CALLEES: readonly Callee[] = [
  { kind: 'kfunc', id: THROW_ID, name: THROW, args: 1 },
  ...Array.from({ length: MAX_ARGS + 1 }, (_, args): Callee => {
    const id = kfuncId(args);
    return { kind: 'kfunc', id, name: `kfunc_${id}`, args };
  }),
];

/** Lowers any spec. */
export function lowerThrows(spec: ThrowSpec): ThrowProgram {
  const { main, functions, callback } = spec;
  const callees = functions.map(({ args }, i) => ({ index: i + 1, args }));
  const codes = [
    throwFunctionCode(main, { index: 0, callees, mayThrow: true, args: 0 }),
    ...functions.map((fn, i) =>
      throwFunctionCode(fn, { index: i + 1, callees: callees.slice(i + 1), mayThrow: true, args: fn.args }),
    ),
    ...(callback === null
      ? []
      : [
          throwFunctionCode(callback, { index: functions.length + 1, callees: [], mayThrow: false, args: 1 }),
        ]),
  ];
  return { spec, program: link(spec, codes), input: { memory: new Uint8Array() } };
}

function link({ functions, callback }: ThrowSpec, codes: readonly ThrowCode[]): Program {
  const { insns, startOf } = joinFunctions(
    codes.map(({ insns, calls }) => ({ insns, references: calls })),
    localCall,
  );
  const last = functions.length + 1;
  const nameOf = (index: number): string =>
    index === 0 ? 'main' : index === last ? 'callback' : `f${index}`;
  return buildProgram(insns, {
    name: 'exceptions',
    functionNames: new Map(codes.map((_, i) => [startOf(i), nameOf(i)])),
    functionArgs: new Map(functions.map(({ args }, i) => [startOf(i + 1), args])),
    callees: CALLEES,
    data: [{ name: '.bss', address: DATA_BASE, bytes: new Uint8Array(WORD), writable: true }],
    ...(callback === null ? {} : { exceptionCallback: startOf(last) }),
  });
}

const kind = <K extends ThrowStep['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const args = fc.oneof(fc.integer({ min: 6, max: MAX_ARGS }), fc.integer({ min: 1, max: MAX_ARGS }));
const step: fc.Arbitrary<ThrowStep> = fc.oneof(
  { withCrossShrink: true },
  {
    arbitrary: fc.record({
      ...{ kind: kind('throw'), when: fc.constantFrom('always', 'never') },
      cookie: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: kind('store'), slots: fc.nat(MAX_STACK_ARGS) }), weight: 2 },
  { arbitrary: fc.record({ kind: kind('kfunc'), args }), weight: 2 },
  { arbitrary: fc.record({ kind: kind('call'), callee: fc.nat(MAX_CALL_FRAMES) }), weight: 4 },
);

const fn: fc.Arbitrary<ThrowFunction> = fc.record({
  args,
  saved: fc.nat(ALL_SAVED),
  words: fc.nat(MAX_WORDS),
  steps: fc.array(step, { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
});

/** Such programs. Shrinks towards a main that throws, with the default callback. */
export const throwProgram = (): fc.Arbitrary<ThrowProgram> =>
  fc
    .record({
      main: fn,
      functions: fc.array(fn, { maxLength: MAX_CALL_FRAMES - 1, size: 'max' }),
      callback: fc.option(fn),
    })
    .map(lowerThrows);
