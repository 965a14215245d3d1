import { describe, expect, it } from 'vitest';
import { BARE, type BenchReport, goalsOf, isMet, type Timing } from '../../src/report/bench-report.ts';
import { benchJson, benchText, withBenchMarkdown } from '../../src/report/bench-text.ts';

const timing = (median: number): Timing => ({
  median,
  lower: 0.9 * median,
  upper: 1.1 * median,
  cold: 9 * median,
});

const figures = {
  stages: {
    generate: timing(10_000),
    interpret: timing(30_000),
    emulate: timing(60_000),
    sum: timing(100_000),
  },
  sizes: [{ name: 'small', cases: 5, medianInsns: 19, stages: { sum: timing(50_000) } }],
  peers: [
    { name: BARE, timing: timing(40_000), absent: null },
    { name: 'silicon', timing: null, absent: 'ptrace is not allowed' },
  ],
  jit: { insn: timing(150), curve: [{ insns: 1_000_000, nsPerInsn: 500, passes: 6 }] },
  reference: { insn: timing(4) },
  fuzz: [
    { workers: 1, cases: 100, casesPerSecond: 10_000, digest: 'd1', megabytes: 150 },
    { workers: 2, cases: 100, casesPerSecond: 17_000, digest: 'd1', megabytes: 200 },
  ],
  start: [{ command: 'bpf-oracle --help', timing: timing(90e6) }],
};
const machine = { cpu: 'CPU', cores: 2, node: '20.20.2', tool: '0.1.0', engine: 'libunicorn', load: 0.1 };
const report: BenchReport = {
  ...figures,
  machine,
  rounds: 9,
  goals: goalsOf(figures),
  command: 'bpf-oracle bench',
};

describe('goals of bench', () => {
  it('are judged by the figures', () => {
    expect(report.goals.map((goal) => [goal.what, goal.got, isMet(goal)])).toEqual([
      ['whole cases, one worker', 10_000, true],
      ['two workers to one', 1.7, false],
      ['of what bare Unicorn reaches', 40, false],
      ['reference, hot loop', 250, true],
      ['reference, of a case', 30, false],
      ['JIT, programs of 300', 1000 / 150, true],
      ['generation, of a case', 10, true],
      ['start: bpf-oracle --help', 90, true],
    ]);
  });

  it('that nothing was measured for are not listed', () => {
    const goals = goalsOf({ ...figures, fuzz: [], peers: [], start: [] });
    expect(goals.map(({ what }) => what)).toEqual([
      'reference, hot loop',
      'reference, of a case',
      'JIT, programs of 300',
      'generation, of a case',
    ]);
  });
});

describe('the report of bench', () => {
  it('says in plain sight which goal is not met, and why a peer is absent', () => {
    const text = benchText(report);
    expect(text).toMatch(/two workers to one +at least 1\.80 times +1\.70 times +NOT MET/);
    expect(text).toMatch(/reference, hot loop .* 250 M insns\/s +met/);
    expect(text).toMatch(/silicon +- +ptrace is not allowed/);
    expect(text).toMatch(/emulate +60\.0 +54\.0 to 66\.0 +540\.0 +60\.0 %/);
  });

  it('is one JSON document', () => {
    const document = JSON.parse(benchJson(report));
    expect(document).toMatchObject({ schema: 'bpf-oracle/bench@1', stages: { sum: { median: 100_000 } } });
  });

  it('takes the place of the one before in a document', () => {
    const once = withBenchMarkdown('# Performance\n\nWords.\n', report);
    expect(once).toContain('Words.');
    expect(withBenchMarkdown(once, report)).toBe(once);
    expect(withBenchMarkdown('', report)).toMatch(/^# Performance\n/);
  });
});
