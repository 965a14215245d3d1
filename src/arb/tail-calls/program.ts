/**
 * Programs with tail calls: programs and functions that count, use callee-saved registers and stack, call each other
 * and go on in each other, up to the limit of 33 and past it.
 */
import * as fc from 'fast-check';
import { MAX_REG_ARGS, MAX_STACK_ARGS, TAIL_CALL_HELPER } from '../../bpf/calling.ts';
import { buildProgram, type Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import { joinFunctions, localCall } from '../join.ts';
import { type TailCode, tailFunctionCode } from './function.ts';
import { INDEX_FORMS, type TailCallSpec, type TailFunction, type TailStep } from './spec.ts';

/** Constraints to be applied on {@link tailCallProgram}. */
export interface TailCallConstraints {
  /** Whether functions take stack arguments, which few conventions let share a frame with tail calls. @defaultValue false */
  readonly stackArgs?: boolean;
}

/** A program with tail calls and the input to run it on. */
export interface TailCallProgram {
  readonly spec: TailCallSpec;
  readonly program: Program;
  readonly input: Input;
}

const MAX_STEPS = 3;
const MAX_ENTRIES = 4;
const MAX_WORDS = 4;
const CONTEXT_BYTES = 16;

/** Lowers any spec. */
export function lowerTailCalls(spec: TailCallSpec): TailCallProgram {
  const { programs, leaves, functions } = spec;
  const starters = programs.length + leaves.length;
  const callees = functions.map(({ stackArgs }, i) => ({ index: starters + i, stackArgs }));
  const arrays = spec.arrays.map((entries, number) => ({ number, entries: entries.length }));
  const ofLeaves = arrays.slice(1);
  const codes = [
    ...programs.map((fn) => tailFunctionCode(fn, { callees, arrays, stackArgs: 0 })),
    ...leaves.map((fn) => tailFunctionCode(fn, { callees: [], arrays: ofLeaves, stackArgs: 0 })),
    ...functions.map((fn, i) =>
      tailFunctionCode(fn, { callees: callees.slice(i + 1), arrays: ofLeaves, stackArgs: fn.stackArgs }),
    ),
  ];
  return { spec, program: link(spec, codes), input: { memory: new Uint8Array(CONTEXT_BYTES) } };
}

function link(spec: TailCallSpec, codes: readonly TailCode[]): Program {
  const { programs, leaves, functions, arrays } = spec;
  const { insns, startOf } = joinFunctions(
    codes.map(({ insns, calls }) => ({ insns, references: calls })),
    localCall,
  );
  const starters = programs.length + leaves.length;
  const entry = (value: number, from: number): number | null => {
    const count = starters - from;
    return value === 0 || count === 0 ? null : startOf(from + ((value - 1) % count));
  };
  return buildProgram(insns, {
    name: 'tail calls',
    functionNames: new Map(codes.map((_, i) => [startOf(i), nameOf(i, programs.length, leaves.length)])),
    functionArgs: new Map(
      functions.map(({ stackArgs }, i) => [
        startOf(starters + i),
        stackArgs === 0 ? 1 : MAX_REG_ARGS + stackArgs,
      ]),
    ),
    callees: [{ kind: 'helper', id: TAIL_CALL_HELPER, name: 'tail_call', args: 3 }],
    progArrays: [
      { name: 'all', programs: arrays[0].map((value) => entry(value, 0)) },
      { name: 'leaves', programs: arrays[1].map((value) => entry(value, programs.length)) },
    ],
  });
}

function nameOf(index: number, programs: number, leaves: number): string {
  if (index === 0) return 'main';
  if (index < programs) return `program${index}`;
  return index < programs + leaves ? `leaf${index - programs}` : `f${index - programs - leaves}`;
}

const step: fc.Arbitrary<TailStep> = fc.oneof(
  { withCrossShrink: true },
  fc.record({ kind: fc.constant('mix' as const), imm: fc.nat(100) }),
  {
    arbitrary: fc.record({ kind: fc.constant('call' as const), callee: fc.nat(7), imm: fc.nat(100) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('tail' as const),
      array: fc.nat(1),
      index: fc.nat(MAX_ENTRIES),
      by: fc.constantFrom(...INDEX_FORMS),
    }),
    weight: 3,
  },
);

const tailFunction = (stackArgs: number): fc.Arbitrary<TailFunction> =>
  fc.record({
    keeper: fc.nat(4),
    saved: fc.nat(15),
    words: fc.nat(MAX_WORDS),
    stackArgs: fc.nat(stackArgs),
    steps: fc.array(step, { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
  });

const entries = fc.array(fc.nat(7), { minLength: 1, maxLength: MAX_ENTRIES, size: 'max' });

/** Programs with tail calls. Shrinks towards a main of one step. */
export function tailCallProgram({
  stackArgs = false,
}: TailCallConstraints = {}): fc.Arbitrary<TailCallProgram> {
  const program = tailFunction(0);
  const spec: fc.Arbitrary<TailCallSpec> = fc.record({
    programs: fc
      .tuple(program, fc.array(program, { maxLength: 2 }))
      .map(([main, others]) => [main, ...others] as const),
    leaves: fc.array(program, { maxLength: 2, size: 'max' }),
    functions: fc.array(tailFunction(stackArgs ? MAX_STACK_ARGS : 0), { maxLength: 2, size: 'max' }),
    arrays: fc.tuple(entries, entries),
  });
  return spec.map(lowerTailCalls);
}
