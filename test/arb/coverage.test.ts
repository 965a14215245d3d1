/** That the programs drawn hold everything worth drawing: what nobody draws, nothing tests. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bpfProgram, type FunctionSpec, type ProgramSpec, programSpec } from '../../src/arb/index.ts';
import { OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import { range } from '../kit/calls.ts';
import { Census } from './census.ts';
import { runGenerated } from './valid.ts';

const SEED = 3;
const PROGRAMS = 5000;
const census = new Census();

beforeAll(() => {
  const property = fc.property(bpfProgram(), (generated) => census.add(generated));
  fc.assert(property, { seed: SEED, numRuns: PROGRAMS });
});

const each = (from: number, to: number, name: (n: number) => string): string[] => range(from, to).map(name);

const everywhere = (kind: string, operand: 'dst' | 'src', last: number): string[] =>
  each(0, last, (n) => `${kind} ${operand} r${n}`);

describe(`in ${PROGRAMS} programs`, () => {
  it.each<readonly [string, readonly string[]]>([
    ['every opcode form', OPCODE_FORMS.map(({ name }) => `form ${name}`)],
    ['functions of 0 to 12 arguments', each(0, 12, (n) => `function of ${n}`)],
    ['calls of functions with 0 to 12 arguments', each(0, 12, (n) => `called bpf with ${n}`)],
    ['calls of kfuncs with 0 to 12 arguments', each(0, 12, (n) => `called kfunc with ${n}`)],
    ['calls of helpers with 0 to 5 arguments', each(0, 5, (n) => `called helper with ${n}`)],
    ['1 to 8 frames', each(1, 8, (n) => `${n} frames`)],
    ['stacks of 0 to 512 bytes', each(0, 64, (n) => `stack depth ${8 * n}`)],
    ['0 to 4 callee-saved registers', each(0, 4, (n) => `${n} callee-saved`)],
    ['outgoing areas of 0 to 6 words', each(0, 6, (n) => `outgoing ${8 * n}`)],
    ['forward jumps of 118 to 132 bytes', each(118, 132, (n) => `distance ${n}`)],
    // Never -128..-126: Linux starts with long jumps, and these would have to be short already to be so near.
    ['backward jumps of 118 to 125 bytes', each(118, 125, (n) => `distance ${-n}`)],
    ['backward jumps of 129 to 132 bytes', each(129, 132, (n) => `distance ${-n}`)],
    [
      'every register as dst',
      ['alu', 'movsx', 'swap', 'lddw', 'ldx', 'jcc', 'atomic', 'stx', 'st'].flatMap((kind) =>
        everywhere(kind, 'dst', 9),
      ),
    ],
    [
      'every register as src',
      ['alu', 'jcc', 'stx', 'ldx', 'atomic'].flatMap((kind) => everywhere(kind, 'src', 9)),
    ],
    ['r10 as src', ['alu src r10', 'jcc src r10', 'stx src r10', 'ldx src r10', 'atomic src r10']],
    [
      'every register to and from stack arguments',
      [...each(0, 9, (n) => `r${n} to stack argument`), ...each(0, 9, (n) => `stack argument to r${n}`)],
    ],
    [
      'immediates to stack arguments',
      ['negative', 'zero', 'positive'].flatMap((sign) => [
        `ST ${sign} to argument 6`,
        `ST ${sign} to another argument`,
      ]),
    ],
    [
      'jumps of every kind',
      [
        'forward jump',
        'backward jump',
        'jump to insn 0',
        'jump to insn 0 of a subprog',
        'jcc over nothing',
        'ja over nothing',
        'may_goto over nothing',
        'wide insn under a jump',
        'mutually spanning jumps',
      ],
    ],
    ['dirty upper halves in every argument', each(1, 12, (n) => `dirty upper half in argument ${n}`)],
    [
      'pointers as arguments',
      ['bpf', 'kfunc', 'helper'].map((kind) => `stack pointer in a register argument of a ${kind}`),
    ],
    [
      'pointers as stack arguments',
      [
        'stack pointer in a stack argument of a bpf',
        'stack pointer in a stack argument of a kfunc',
        'ctx pointer in a stack argument',
        'data pointer in a stack argument',
        'ctx pointer in a register argument',
        'data pointer in a register argument',
      ],
    ],
  ])('there are %s', (_, names) => {
    expect(census.missing(names)).toEqual([]);
  });

  it.each([
    ['exit', 1],
    ['3 calls or more', 0.7],
    ['distinct arguments', 0.7],
    ['same callee from several sites', 0.1],
    ['different argument counts in one caller', 0.3],
    ['receives and passes stack arguments', 0.1],
    ['several exits', 0.1],
    ['8 frames', 0.003],
  ])('%s: in this share of them at least: %d', (name, share) => {
    expect(census.share(name)).toBeGreaterThanOrEqual(share);
  });
});

describe('runs', () => {
  const runs = fc.sample(bpfProgram(), { seed: SEED, numRuns: 1000 }).map(runGenerated);
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[500] ?? 0;

  it('the median run has at least 60 instructions and 3 calls', () => {
    const calls = runs.map(({ trace }) => trace.events.filter(({ kind }) => kind === 'call').length);
    expect(median(runs.map(({ insns }) => insns ?? 0))).toBeGreaterThanOrEqual(60);
    expect(median(calls)).toBeGreaterThanOrEqual(3);
  });

  it('none is long', () => {
    expect(Math.max(...runs.map(({ insns }) => insns ?? 0))).toBeLessThan(2000);
  });
});

describe('functions use their arguments in every way', () => {
  const specs: readonly ProgramSpec[] = fc.sample(programSpec(), { seed: SEED, numRuns: 3000 });
  const functions: readonly FunctionSpec[] = specs.flatMap((spec) => spec.functions);

  it.each(['u64', 'u8', 'u16', 'u32', 's8', 's16', 's32', 'read', 'write', 'update'])('%s', (type) => {
    const positions = functions.flatMap(({ incoming }) =>
      incoming.filter(({ as }) => as === type).map(({ argument }) => argument),
    );
    expect([...new Set(positions)].sort((a, b) => a - b)).toEqual(range(1, 12));
  });
});
