import { describe, expect, it } from 'vitest';
import { badInput, OracleError } from '../../src/core/errors.ts';
import type { Execution } from '../../src/core/execution.ts';
import { CODE_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { PcMap } from '../../src/core/pc-map.ts';
import { type Case, skipped, summarise } from '../../src/oracle/case.ts';
import { locateOffset } from '../../src/oracle/locate.ts';
import {
  fuelFor,
  type Machines,
  type NativeRequest,
  type ReferenceRequest,
  runCase,
  TRACE_LIMIT,
} from '../../src/oracle/run.ts';
import { ENV, execution, exit, faults, image, program } from './fakes.ts';

const CASE: Case = { name: 'fake', program: program(), env: ENV };

function machines(want: Execution, got: Execution, changes: Partial<Machines> = {}): Machines {
  return { compile: () => image(), reference: () => want, native: () => got, ...changes };
}

describe('runCase', () => {
  it('agrees, with both executions and the image in the result', () => {
    const run = execution({ outcome: exit(1n) });
    const result = runCase(CASE, machines(run, run));
    expect(result).toMatchObject({
      name: 'fake',
      verdict: 'agree',
      reason: null,
      divergences: [],
      culprit: null,
    });
    expect([result.want, result.got, result.image?.jit]).toEqual([run, run, 'fake']);
  });

  it('gives the reference the frames of the image, and the engine fuel by what the reference ran', () => {
    const want = execution({ insns: 100 });
    const asked: { reference?: ReferenceRequest; native?: NativeRequest } = {};
    runCase(
      CASE,
      machines(want, want, {
        reference: (_program, _env, request) => {
          asked.reference = request;
          return want;
        },
        native: (_image, _program, _env, request) => {
          asked.native = request;
          return want;
        },
      }),
    );
    expect(asked.reference?.placement?.mainFp).toBe(MAIN_FP);
    expect(asked.reference?.placement?.frameBytes(0, 1)).toBe(24);
    expect(asked.native).toEqual({
      fuel: fuelFor(100),
      traceLimit: TRACE_LIMIT,
      argMasks: [],
      expected: want,
    });
  });

  it('believes a run that was told what to expect only where it agrees', () => {
    const want = execution({ outcome: exit(1n) });
    const asked: boolean[] = [];
    const judge = (told: bigint, alone: bigint, isNoted = true) => {
      asked.length = 0;
      return runCase(
        CASE,
        machines(want, want, {
          native: (_image, _program, _env, { expected }) => {
            asked.push(expected !== undefined);
            if (expected === undefined) return execution({ outcome: exit(alone) });
            return execution({ outcome: exit(told), ...(isNoted ? { isNoted: true } : {}) });
          },
        }),
      );
    };
    expect(judge(1n, 2n).verdict).toBe('agree');
    expect(asked).toEqual([true]);
    expect(judge(2n, 1n).verdict).toBe('agree');
    expect(asked).toEqual([true, false]);
    expect(judge(2n, 3n)).toMatchObject({ verdict: 'diverge', got: { outcome: { r0: 3n } } });
    expect(judge(2n, 1n, false)).toMatchObject({ verdict: 'diverge', got: { outcome: { r0: 2n } } });
    expect(asked).toEqual([true]);
  });

  it('points at the instruction a native fault lies in', () => {
    const got = execution({ outcome: faults({ kind: 'illegal' }, null, CODE_BASE + 10n) });
    expect(runCase(CASE, machines(execution(), got))).toMatchObject({
      verdict: 'diverge',
      culprit: { pc: 0, offset: 10, stage: 'insn' },
    });
  });

  it('judges the stated r0', () => {
    const run = execution({ outcome: exit(1n) });
    expect(runCase({ ...CASE, expected: 2n }, machines(run, run))).toMatchObject({
      verdict: 'diverge',
      divergenceCount: 2,
      expected: 2n,
    });
  });

  it('a program the JIT declines is skipped, with the reason', () => {
    const compile = () => {
      throw badInput('jit', 'insn 4 (callx)', 'not supported');
    };
    expect(runCase(CASE, machines(execution(), execution(), { compile }))).toMatchObject({
      verdict: 'skipped',
      reason: { kind: 'refused', why: 'jit: insn 4 (callx): not supported' },
    });
  });

  it.each([
    ['skipped', execution({ outcome: { kind: 'unsupported', what: 'callx', pc: 1 } })],
    ['inconclusive', execution({ outcome: { kind: 'budget' } })],
  ])('is %s without a native run when the reference can judge nothing', (verdict, want) => {
    const native = () => {
      throw new Error('must not run');
    };
    expect(runCase(CASE, machines(want, execution(), { native }))).toMatchObject({ verdict, got: null });
  });

  it('lets a broken engine through', () => {
    const native = () => {
      throw new OracleError('engine', { what: 'unicorn', where: 'run', why: 'broken' });
    };
    expect(() => runCase(CASE, machines(execution(), execution(), { native }))).toThrow(
      'unicorn: run: broken',
    );
  });
});

describe('locateOffset', () => {
  const insns = [
    { kind: 'call', target: 'local', imm: 1, off: 0 },
    { kind: 'exit' },
    { kind: 'exit' },
  ] as const;
  const two = image({
    subprogEntries: [0, 32],
    pcMap: PcMap.of([
      [0, 8],
      [1, 20],
      [2, 40],
    ]),
  });

  it.each([
    [0, { pc: null, stage: 'prologue' }],
    [7, { pc: null, stage: 'prologue' }],
    [8, { pc: 0, stage: 'call' }],
    [31, { pc: 1, stage: 'epilogue' }],
    [32, { pc: null, stage: 'prologue' }],
    [45, { pc: 2, stage: 'epilogue' }],
  ])('offset %i', (offset, culprit) => {
    expect(locateOffset(program(insns), two, offset)).toEqual({ offset, ...culprit });
  });

  it('knows nothing without a pc map', () => {
    const { pcMap: _, ...bare } = image();
    expect(locateOffset(program(), bare, 9)).toBeNull();
  });
});

describe('summarise', () => {
  it('counts each verdict; skipped ones did not run', () => {
    const skip = skipped('a', { kind: 'file', why: 'no program' });
    const results = [skip, { ...skip, verdict: 'agree' as const }, { ...skip, verdict: 'diverge' as const }];
    expect(summarise(results)).toEqual({ ran: 2, agree: 1, diverge: 1, inconclusive: 0, skipped: 1 });
  });
});
