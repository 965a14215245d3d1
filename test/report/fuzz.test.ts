import { describe, expect, it } from 'vitest';
import { encodeWords } from '../../src/bpf/encode.ts';
import { ALL_OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import { CallCoverage } from '../../src/fuzz/call-coverage.ts';
import type { CampaignState, Failure } from '../../src/fuzz/campaign.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { LaneCounts } from '../../src/fuzz/lane-counts.ts';
import { OpcodeCoverage } from '../../src/fuzz/opcode-coverage.ts';
import { Statistics } from '../../src/fuzz/statistics.ts';
import { NO_VACUITY } from '../../src/oracle/vacuity-count.ts';
import { findingsOf } from '../../src/report/findings.ts';
import { callGrid, opcodeGrid } from '../../src/report/fuzz-grid.ts';
import { fuzzJson, type JsonFuzzReport } from '../../src/report/fuzz-json.ts';
import type { FuzzReport } from '../../src/report/fuzz-report.ts';
import { fuzzText } from '../../src/report/fuzz-text.ts';

const EXIT = encodeWords([{ kind: 'exit' }]);

const failure = (changes: Partial<Failure> = {}): Failure => ({
  bucket: 'arg 7+ of kfunc',
  count: 3,
  path: { index: 12, choices: [0, 3] },
  shrinks: 2,
  isMinimal: true,
  file: 'corpus/arg-7-of-kfunc-1-12.data',
  confirmed: 'diverges',
  ...changes,
});

function report(failures: readonly Failure[]): FuzzReport {
  const statistics = new Statistics();
  statistics.merge({
    verdicts: new Map([
      ['agree', 97],
      ['diverge', 3],
    ]),
    outcomes: new Map([
      ['exit', 98],
      ['fault', 2],
    ]),
    insns: new Map([
      [50, 40],
      [70, 60],
    ]),
    calls: new Map([
      [1, 10],
      [4, 90],
    ]),
  });
  const state: CampaignState = {
    seed: 1,
    digest: '0123456789abcdef',
    statistics,
    calls: new CallCoverage(),
    opcodes: new OpcodeCoverage(),
    lanes: new LaneCounts(),
    vacuous: { ...NO_VACUITY, noCall: 1, sampled: 2, calls: 9, callsWithoutEffect: 3 },
    failures,
    unjudged: [],
    summary: statistics.summary(),
  };
  return {
    state,
    seconds: 2,
    corpus: [],
    failures: failures.map((each) => ({ failure: each, result: null })),
  };
}

const json = (failures: readonly Failure[]): JsonFuzzReport => JSON.parse(fuzzJson(report(failures)));

describe('fuzzJson', () => {
  it('is the document of the schema', () => {
    const got = json([failure()]);
    expect(got).toMatchObject({
      schema: 'bpf-oracle/fuzz@1',
      seed: 1,
      digest: '0123456789abcdef',
      summary: { ran: 100, agree: 97, diverge: 3, inconclusive: 0, skipped: 0 },
      seconds: 2,
      casesPerSecond: 50,
      statistics: {
        outcomes: { exit: 98, fault: 2 },
        exitPercent: 98,
        insns: { median: 70, mean: 62 },
        calls: { median: 4, mean: 3.7 },
      },
      failures: [
        {
          seed: 1,
          path: '12:0:3',
          shrinks: 2,
          bucket: 'arg 7+ of kfunc',
          cases: 3,
          file: 'corpus/arg-7-of-kfunc-1-12.data',
          culprit: null,
        },
      ],
    });
    expect(got.vacuous).toMatchObject({ noCall: 1, sampled: 2, callWithoutEffect: 0, calls: 9 });
    expect(Object.keys(got.coverage.arity)).toEqual(Array.from({ length: 13 }, (_, args) => `${args}`));
    expect(got.coverage.opcodes.missing).toEqual(ALL_OPCODE_FORMS.map(({ name }) => name));
  });

  it.each([
    ['agrees', /it agrees$/],
    ['cannot run', /could not run it/],
  ] as const)('calls a failure that in a fresh process %s inconclusive', (confirmed, reason) => {
    const got = json([failure({ confirmed })]);
    expect(got.failures).toEqual([]);
    expect(got.summary).toMatchObject({ diverge: 0, inconclusive: 3 });
    expect(got.inconclusive).toEqual([{ path: '12:0:3', reason: expect.stringMatching(reason) }]);
  });
});

describe('findings of fuzz', () => {
  const findings = (failures: readonly Failure[]) =>
    findingsOf({ kind: 'fuzz', fuzz: report(failures) }).findings;

  it('has a failure for each bucket, at its saved case, with the command that makes it again', () => {
    expect(findings([failure()])).toMatchObject([
      {
        name: 'arg 7+ of kfunc',
        status: 'fail',
        rule: { id: 'fuzz/divergence' },
        message: '3 cases',
        detail: ['', 'again, shrunk 2 times: bpf-oracle fuzz --seed 1 --path 12:0:3'],
        place: { file: 'corpus/arg-7-of-kfunc-1-12.data' },
        bucket: 'arg 7+ of kfunc',
      },
    ]);
  });

  it('lets what cannot be reproduced prove nothing', () => {
    const [campaign, unsure] = findings([failure({ confirmed: 'agrees' })]);
    expect(campaign).toMatchObject({
      name: 'campaign of seed 1',
      status: 'pass',
      message: '100 ran, 97 agree',
    });
    expect(unsure).toMatchObject({ status: 'unproven', message: expect.stringMatching(/it agrees$/) });
  });
});

describe('fuzzText', () => {
  it('ends with the counts and says how to see a failure again', () => {
    const text = fuzzText(report([failure()]), { color: false });
    expect(text).toContain(
      'diverge  arg 7+ of kfunc: 3 cases; shrunk 2 times: corpus/arg-7-of-kfunc-1-12.data',
    );
    expect(text).toContain('bpf-oracle fuzz --seed 1 --path 12:0:3\n');
    expect(text).toContain(
      'vacuous: no call reached in 1 of 100 cases; no call missed when taken out in 0 of 2 tried (6 of 9 calls are)\n',
    );
    expect(text).toMatch(/\n100 ran: 97 agree, 3 diverge, 0 inconclusive; 0 skipped\n$/);
  });
});

describe('opcodeGrid', () => {
  it('shows forms nobody made as dots', () => {
    const coverage = new OpcodeCoverage();
    coverage.add(EXIT);
    const lines = opcodeGrid(coverage);
    expect(lines[0]).toMatch(new RegExp(`^opcodes: 1 of ${ALL_OPCODE_FORMS.length} forms`));
    expect(lines).toContainEqual(expect.stringMatching(/^add +· +· +· +·$/));
    expect(lines).toContainEqual(expect.stringMatching(/^exit +all$/));
  });

  it('counts the operand values of a form', () => {
    const coverage = new OpcodeCoverage();
    for (const dst of [0, 1, 9]) coverage.add(encodeWords([{ kind: 'swap', op: 'be', bits: 16, dst }]));
    expect(opcodeGrid(coverage)).toContainEqual(expect.stringMatching(/^be +3\/10 +· +·$/));
  });
});

describe('callGrid', () => {
  it('shows calls nobody made as dots, and leaves impossible ones blank', () => {
    const lines = callGrid(new CallCoverage());
    expect(lines.at(-1)).toMatch(/^12 +· +· +· +·$/);
    expect(lines).toContainEqual(expect.stringMatching(/^5( +·){12}$/));
  });

  it('counts the calls of a run', async () => {
    const { Checker } = await import('../../src/checker.ts');
    const { judgeCase } = await import('../../src/fuzz/judge.ts');
    const checker = new Checker();
    const coverage = new CallCoverage();
    let calls = 0;
    for (let index = 0; index < 20; index++) {
      const path = { index, choices: [] };
      const subject = caseAt(1, path);
      const { want } = judgeCase(checker, subject, 1, path);
      if (want === null) continue;
      coverage.add(subject.program, want.trace);
      calls += want.trace.events.filter(({ kind }) => kind === 'call').length;
    }
    checker.close();
    expect(coverage.counts().reduce((a, b) => a + b, 0)).toBe(calls);
    expect(calls).toBeGreaterThan(20);
  });
});
