import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bpfProgram,
  callGraph,
  funcProto,
  functionBody,
  type Generated,
  hostileProgram,
  hostileSpec,
  imm,
  input,
  lower,
  lowerHostile,
  memory,
  type ProgramSpec,
  programSpec,
  type Stmt,
  word,
} from '../../src/arb/index.ts';
import { breachesOf } from '../../src/lint/lint.ts';
import { describeArbitrary } from '../kit/arbitrary-kit.ts';
import {
  measureBody,
  measureGraph,
  measureHostile,
  measureMemory,
  measureNative,
  measureProgram,
  weighImm,
} from './measure.ts';
import { checkGraph, checkMemory, checkNative, checkProgram, runGenerated } from './valid.ts';

const MIN_MEMORY = { ctx: 0, data: 8, rodata: 8, seed: 5 } as const;

/** A body in a function that takes arguments and has somebody to call. */
const around = (body: readonly Stmt[]): ProgramSpec => ({
  functions: [
    { args: 2, stack: 40, incoming: [], restarts: 0, body, mix: 0 },
    { args: 9, stack: 0, incoming: [], restarts: 0, body: [], mix: 0 },
  ],
  natives: [{ kind: 'kfunc', args: 12 }],
  ...MIN_MEMORY,
});

/** A constant in r0, and exit. */
const isNothing = ({ program }: Pick<Generated, 'program'>): void =>
  expect(program.insns.map((insn) => insn?.kind)).toEqual(['lddw', undefined, 'exit']);

describeArbitrary('word', {
  arbitrary: word(),
  check: (value) => expect(BigInt.asUintN(64, value)).toBe(value),
  measure: (value) => [value],
  minimum: (value) => expect(value).toBe(0n),
});

describeArbitrary('imm', {
  arbitrary: imm(),
  check: (value) => expect(value | 0).toBe(value),
  measure: (value) => [weighImm(value)],
  minimum: (value) => expect(value).toBe(0),
});

describeArbitrary('funcProto', {
  arbitrary: funcProto(),
  check: checkNative,
  measure: measureNative,
  minimum: ({ args }) => expect(args).toBe(0),
});

describeArbitrary('memory', {
  arbitrary: memory(),
  check: checkMemory,
  measure: measureMemory,
  minimum: (spec) => expect(spec).toMatchObject({ ctx: 0, data: 8, rodata: 8 }),
});

describeArbitrary('input', {
  arbitrary: input({ maxContext: 40 }),
  check: ({ memory: bytes }) => expect(bytes.length).toBeLessThanOrEqual(40),
  measure: ({ memory: bytes }) => [BigInt(bytes.length)],
  minimum: ({ memory: bytes }) => expect(bytes).toHaveLength(0),
});

describeArbitrary('callGraph', {
  arbitrary: callGraph(),
  check: checkGraph,
  measure: measureGraph,
  minimum: (graph) =>
    expect(graph).toMatchObject({ functions: [{ args: 2, calls: [] }], natives: [{ args: 0 }] }),
});

describeArbitrary('functionBody', {
  arbitrary: functionBody(),
  check: (body) => checkProgram(lower(around(body))),
  measure: measureBody,
  minimum: (body) => expect(body).toEqual([]),
});

describeArbitrary('programSpec', {
  arbitrary: programSpec(),
  check: (spec) => checkProgram(lower(spec)),
  measure: measureProgram,
  minimum: (spec) => isNothing(lower(spec)),
});

describeArbitrary('bpfProgram', {
  arbitrary: bpfProgram(),
  check: checkProgram,
  measure: ({ spec }) => measureProgram(spec),
  minimum: isNothing,
});

describeArbitrary('hostileSpec', {
  arbitrary: hostileSpec(),
  check: (spec) => void runGenerated(lowerHostile(spec)),
  measure: measureHostile,
  minimum: ({ edits }) => expect(edits).toMatchObject([{ at: 0, pick: 0 }]),
});

describeArbitrary('hostileProgram', {
  arbitrary: hostileProgram(),
  check: (hostile) => {
    expect(hostile.breaches).not.toEqual([]);
    expect(breachesOf(hostile.program, { writes: 'doubted' })).toEqual(hostile.breaches);
    runGenerated(hostile);
  },
  measure: ({ spec }) => measureHostile(spec),
  minimum: ({ breaches }) => expect(breaches.length).toBeGreaterThan(0),
});

describe('constraints', () => {
  it.each([
    [{ maxFunctions: 1 }, (spec: ProgramSpec) => spec.functions.length, 1],
    [{ maxFunctions: 3 }, (spec: ProgramSpec) => spec.functions.length, 3],
    [{ maxNatives: 1 }, (spec: ProgramSpec) => spec.natives.length, 1],
    [{ maxContext: 0 }, (spec: ProgramSpec) => spec.ctx, 0],
    [{ maxContext: 9 }, (spec: ProgramSpec) => spec.ctx, 9],
  ] as const)('%j is kept, and reached', (constraints, of, want) => {
    const seen = fc.sample(programSpec(constraints), { seed: 3, numRuns: 200 }).map(of);
    expect(Math.max(...seen)).toBe(want);
  });

  it('maxStatements and maxNesting bound a body', () => {
    const bodies = fc.sample(functionBody({ maxStatements: 3, maxNesting: 0, targets: [] }), {
      seed: 3,
      numRuns: 300,
    });
    expect(Math.max(...bodies.map((body) => body.length))).toBe(3);
    const kinds = new Set(bodies.flat().map(({ kind }) => kind));
    for (const kind of ['branch', 'loop', 'call'] as const) expect(kinds).not.toContain(kind);
  });
});
