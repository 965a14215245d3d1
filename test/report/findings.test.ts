import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { type MutantRow, summariseMatrix } from '../../src/fuzz/kill-matrix.ts';
import { compile } from '../../src/jit/compile.ts';
import { type CaseResult, skipped } from '../../src/oracle/case.ts';
import type { Reason } from '../../src/oracle/verdict.ts';
import { findingsOf } from '../../src/report/findings.ts';
import type { Report } from '../../src/report/reporter.ts';
import { callEvent, execution } from '../oracle/fakes.ts';

const line = (line: number) => ({ file: 'a.c', line });
const { insns, callees, lines } = assemble('r1 = 1\ncall foo\ncall foo\nexit\n', { dialect: 'llvm' });
const program = buildProgram(insns, { name: 'fake', callees, lines: lines.map(line) });
const { image } = compile(program, {});

const refused = (reason: Reason, verdict: CaseResult['verdict'] = 'skipped'): CaseResult => ({
  ...skipped('a.o:main', reason, { program, image }),
  file: 'a.o',
  verdict,
});

const diverges: CaseResult = {
  ...refused({ kind: 'file', why: '' }, 'diverge'),
  reason: null,
  divergences: [
    {
      subject: { kind: 'r0' },
      want: { kind: 'word', value: 1n },
      got: { kind: 'word', value: 2n },
      pc: null,
    },
    {
      subject: {
        kind: 'arg',
        place: { kind: 'call', call: 2, callee: { kind: 'kfunc', id: 1 } },
        position: 7,
      },
      want: { kind: 'word', value: 7n },
      got: { kind: 'word', value: 8n },
      pc: 2,
    },
  ],
  divergenceCount: 3,
  culprit: { pc: 1, offset: image.pcMap?.offsetOf(1) ?? 0, stage: 'call' },
  want: execution({ events: [1, 2, 3].map((n) => callEvent({ pc: n, args: [BigInt(n), undefined] })) }),
};

const cases = (...results: CaseResult[]): Report => ({ kind: 'cases', command: 'check', results });

describe('findings of cases', () => {
  it('names what differs first in the run, the instruction at fault, and how the run came there', () => {
    const { title, summary, findings } = findingsOf(cases(diverges));
    expect([title, summary]).toEqual([
      'bpf-oracle check',
      '1 ran: 0 agree, 1 diverge, 0 inconclusive; 0 skipped',
    ]);
    expect(findings).toEqual([
      {
        name: 'a.o:main',
        status: 'fail',
        rule: expect.objectContaining({ id: 'divergence/arg' }),
        message:
          'call 2 (kfunc foo) arg 7 is 0x0000000000000008, not 0x0000000000000007; ' +
          'guilty: insn 1: call foo (a.c:2); 2 more differences',
        detail: expect.arrayContaining([expect.stringMatching(/^> +1: call foo$/)]),
        place: { file: 'a.o', source: line(2), pc: 1, subprog: 'main' },
        bucket: 'arg 7+ of kfunc',
        steps: [
          { text: 'call 1: kfunc foo(0x1, ?)', pc: 1, source: line(2) },
          { text: 'call 2: kfunc foo(0x2, ?)', pc: 2, source: line(3) },
        ],
      },
    ]);
  });

  it.each<[CaseResult, string, string | undefined, string]>([
    [{ ...diverges, verdict: 'agree' }, 'pass', undefined, ''],
    [{ ...diverges, expectedFailure: 'bug 7' }, 'known', 'divergence/arg', 'bug 7: call 2 '],
    [
      refused({ kind: 'insn-limit', limit: 9 }, 'inconclusive'),
      'unproven',
      'case/inconclusive',
      'insn limit 9',
    ],
    [refused({ kind: 'refused', why: 'too long' }), 'skip', 'case/skipped', 'too long'],
    [refused({ kind: 'bad-input', why: 'no file' }), 'error', 'case/error', 'no file'],
    [refused({ kind: 'failed', why: 'no engine' }), 'error', 'case/error', 'no engine'],
  ])('gives each end its status', (result, status, rule, message) => {
    const [finding] = findingsOf(cases(result)).findings;
    expect([finding?.status, finding?.rule?.id]).toEqual([status, rule]);
    expect(finding?.message.startsWith(message)).toBe(true);
  });

  it('has a failure for each expected failure that does not hold', () => {
    const stale = { name: 'old.data', reason: 'bug 7', line: 3, why: 'agree' } as const;
    const report: Report = {
      kind: 'cases',
      command: 'conformance',
      results: [],
      expected: { file: 'known.txt', listed: 1, stale: [stale] },
    };
    expect(findingsOf(report).findings).toMatchObject([
      {
        name: 'old.data',
        status: 'fail',
        rule: { id: 'expectation/stale' },
        message: 'old.data agrees; take the line out',
        place: { file: 'known.txt', source: { file: 'known.txt', line: 3 } },
      },
    ]);
  });
});

describe('findings of mutants', () => {
  const row: MutantRow = {
    name: 'swap-args-7-8',
    breaks: 'swaps them',
    source: 'a patch',
    killed: true,
    cases: 41,
    seconds: 0.5,
    r0Cases: null,
    plainR0Cases: null,
    localised: true,
    pointer: { stage: 'call', pc: 3, insn: 'call 5' },
    localisedWithoutMap: true,
    windowInsns: 3,
    killedBy: {
      full: true,
      r0Only: false,
      r0Tenfold: false,
      r0AllCases: false,
      plainR0: false,
      selftestSums: false,
    },
    suites: { selftestSums: null },
    trials: [{ seed: 4, kill: null, r0Cases: null, plainR0Cases: null }],
  };
  const report = (rows: readonly MutantRow[], diverging: readonly string[]): Report => ({
    kind: 'mutants',
    mutants: {
      rows,
      summary: summariseMatrix(rows),
      seeds: [4],
      runs: 10,
      suites: { selftestSums: 1 },
      control: { cases: 20, agree: 20 - diverging.length, diverging },
      seconds: 1,
      command: 'mutants',
    },
  });

  it('has one for each broken JIT and one for the unbroken one', () => {
    const { findings } = findingsOf(report([row, { ...row, killed: false }], []));
    expect(findings).toMatchObject([
      {
        name: 'swap-args-7-8',
        status: 'pass',
        message: 'killed after 41 cases; points at call: call 5',
      },
      { status: 'fail', rule: { id: 'mutant/lives' }, message: 'lives on seed 4: swaps them' },
      { name: 'control', status: 'pass' },
    ]);
  });

  it('fails where the unbroken one diverges', () => {
    const [, control] = findingsOf(report([row], ['seed 4 path 9'])).findings;
    expect(control).toMatchObject({
      status: 'fail',
      rule: { id: 'mutant/control' },
      detail: ['seed 4 path 9'],
    });
  });
});
