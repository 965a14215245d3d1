import { describe, expect, it } from 'vitest';
import { benchHtml } from '../../src/report/bench-html.ts';
import { BARE, type BenchReport, goalsOf, isMet, type Timing } from '../../src/report/bench-report.ts';
import { benchJson, benchText, withBenchMarkdown } from '../../src/report/bench-text.ts';

const timing = (median: number): Timing => ({
  median,
  lower: 0.9 * median,
  upper: 1.1 * median,
  cold: 9 * median,
});

const run = { engine: 'unicorn', cases: 100, digest: 'd1', timing: timing(100_000), warm: timing(80_000) };

const figures: Omit<BenchReport, 'goals' | 'command' | 'machine' | 'rounds'> = {
  stages: {
    generate: timing(10_000),
    interpret: timing(30_000),
    load: timing(10_000),
    emulate: timing(40_000),
    observe: timing(10_000),
    sum: timing(100_000),
  },
  onSilicon: { load: timing(1000), emulate: timing(10_000), observe: timing(9000), sum: timing(60_000) },
  sizes: [{ name: 'small', cases: 5, medianInsns: 19, stages: { sum: timing(50_000) } }],
  native: timing(60_000),
  peers: [
    { name: BARE, timing: timing(40_000), absent: null },
    { name: 'silicon', timing: null, absent: 'ptrace is not allowed' },
  ],
  jit: { insn: timing(150), curve: [{ insns: 1_000_000, nsPerInsn: 500, passes: 6 }] },
  reference: { insn: timing(4) },
  straight: [
    { name: 'ours', compile: timing(200), interpret: timing(50), absent: null },
    { name: 'DPDK', compile: null, interpret: null, absent: 'not <installed>' },
  ],
  twoProcesses: { median: 1.9, lower: 1.8, upper: 2, cold: 1.5 },
  fuzz: [
    ...[1, 2].map((workers) => ({
      ...{ ...run, lane: 'valid' as const, workers, megabytes: 150 * workers },
      ...{ casesPerSecond: 9_000 * workers, warmCasesPerSecond: workers === 1 ? 10_000 : 17_000 },
    })),
    { ...run, lane: 'mix', workers: 1, casesPerSecond: 2_000, warmCasesPerSecond: 4_000, megabytes: 150 },
    { ...run, lane: 'mix', workers: 2, casesPerSecond: 3_000, warmCasesPerSecond: 7_000, megabytes: 200 },
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
      ['whole cases of lane valid, warm, one worker, unicorn', 10_000, true],
      ['two workers to one, lane valid, warm, unicorn', 1.7, false],
      ['of what bare Unicorn reaches, unicorn', 40, false],
      ['of what bare Unicorn reaches, silicon', (100 * 40) / 60, true],
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
    expect(text).toMatch(
      /two workers to one, lane valid, warm, unicorn +at least 1\.80 times +1\.70 times +NOT MET/,
    );
    expect(text).toMatch(/reference, hot loop .* 250 M insns\/s +met/);
    expect(text).toMatch(/silicon +- +ptrace is not allowed/);
    expect(text).toMatch(
      /\n +emulate +40\.0 +36\.0 to 44\.0 +360\.0 +40\.0 % +10\.0\n +observe +10\.0 .* 9\.0\n/,
    );
    expect(text).toMatch(
      /load \+ emulate \+ observe, on Unicorn +60\.0 +1\.00\n +bare Unicorn +40\.0 +0\.67\n/,
    );
    expect(text).toMatch(/bare Unicorn +valid +2 +1\.80 to 2\.00 +1\.90/);
    expect(text).toMatch(/unicorn +valid +2 +100 +18,000 .* 2\.00 +17,000 .* 1\.70 +300 MiB/);
    expect(text).toMatch(/unicorn +mix +2 +100 +3,000 .* 1\.50 +7,000 .* 1\.75 +200 MiB/);
    expect(text).toMatch(/DPDK +- +not <installed>/);
  });

  it('is one JSON document', () => {
    const document = JSON.parse(benchJson(report));
    expect(document).toMatchObject({ schema: 'bpf-oracle/bench@1', stages: { sum: { median: 100_000 } } });
  });

  it('is one HTML page without script, with a bar for each stage, in which what is not met stands out', () => {
    const page = benchHtml(report);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toContain('<script');
    expect(page.match(/<rect /g)).toHaveLength(6 + 4 + 4 + 4);
    expect(page).toContain('not &lt;installed&gt;');
    expect(page).toMatch(/class="missed"><td>two workers to one, lane valid, warm, unicorn</);
    expect(page).toMatch(/<tr><td>whole cases of lane valid, warm, one worker, unicorn</);
  });

  it('takes the place of the one before in a document', () => {
    const once = withBenchMarkdown('# Performance\n\nWords.\n', report);
    expect(once).toContain('Words.');
    expect(withBenchMarkdown(once, report)).toBe(once);
    expect(withBenchMarkdown('', report)).toMatch(/^# Performance\n/);
  });
});
