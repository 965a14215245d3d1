import { describe, expect, it } from 'vitest';
import { type Figures, goalsOf } from '../../src/report/bench-goals.ts';
import { benchHtml } from '../../src/report/bench-html.ts';
import {
  type BenchReport,
  type FuzzFigures,
  isMet,
  LEAN,
  type SteadyFigures,
  type Timing,
} from '../../src/report/bench-report.ts';
import { benchJson, benchText, withBenchMarkdown } from '../../src/report/bench-text.ts';

const timing = (median: number): Timing => ({
  median,
  lower: 0.9 * median,
  upper: 1.1 * median,
  cold: 9 * median,
});

const whole = (
  of: Pick<FuzzFigures, 'lane' | 'workers' | 'megabytes'>,
  casesPerSecond: number,
  warmCasesPerSecond: number,
): FuzzFigures => {
  const cases = 100 * of.workers;
  return {
    ...{ ...of, engine: 'unicorn', cases, agree: cases, digest: 'd1', warmFrom: 48 },
    ...{ casesPerSecond, timing: timing(1e9 / casesPerSecond) },
    ...{ warmCasesPerSecond, warm: timing(1e9 / warmCasesPerSecond) },
  };
};

const steady = (one: number, twoToOne: number): SteadyFigures => ({
  cases: 2048,
  one: timing(one),
  two: timing(one / twoToOne),
  twoToOne: { median: twoToOne, lower: twoToOne - 0.1, upper: twoToOne + 0.1, cold: 1 },
});

const figures: Figures = {
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
    { name: LEAN, timing: timing(40_000), absent: null },
    { name: 'silicon', timing: null, absent: 'ptrace is not allowed' },
  ],
  jit: { insn: timing(150), curve: [{ insns: 1_000_000, nsPerInsn: 500, passes: 6 }] },
  reference: { insn: timing(4) },
  straight: [
    { name: 'ours', compile: timing(200), interpret: timing(50), absent: null },
    { name: 'DPDK', compile: null, interpret: null, absent: 'not <installed>' },
  ],
  bare: { images: 4096, one: timing(50_000), two: timing(25_000) },
  lean: { images: 4096, one: timing(40_000), two: timing(25_000) },
  twoProcesses: { median: 1.9, lower: 1.8, upper: 2, cold: 1.5 },
  fuzz: [
    whole({ lane: 'valid', workers: 1, megabytes: 150 }, 9_000, 10_000),
    whole({ lane: 'valid', workers: 2, megabytes: 300 }, 18_000, 17_000),
    whole({ lane: 'mix', workers: 1, megabytes: 150 }, 2_000, 4_000),
    whole({ lane: 'mix', workers: 2, megabytes: 200 }, 3_000, 7_000),
  ],
  medianProgram: {
    ...{ insns: [60, 70], calls: [3, 5] },
    engines: [{ engine: 'unicorn', ...steady(80_000, 1.9) }],
    bare: steady(50_000, 2),
    lean: steady(40_000, 2),
  },
  start: [{ command: 'bpf-oracle --help', timing: timing(90e6) }],
};
const machine = { cpu: 'CPU', cores: 2, node: '20.20.2', tool: '0.1.0', engine: 'libunicorn', load: 0.1 };
const report: BenchReport = {
  ...figures,
  machine,
  rounds: 9,
  wholeRounds: 7,
  goals: goalsOf(figures),
  command: 'bpf-oracle bench',
};

describe('goals of bench', () => {
  it('are judged by the figures', () => {
    expect(report.goals.map((goal) => [goal.what, goal.got, isMet(goal)])).toEqual([
      [
        'whole cases of the median program (60 to 70 insns run, 3 to 5 calls), warm, one worker, unicorn',
        12_500,
        true,
      ],
      ['two workers to one, the median program, warm, unicorn', 1.9, true],
      ['of what bare Unicorn reaches, the median program, unicorn', 62.5, true],
      ['whole cases of lane valid, warm, one worker, unicorn', 10_000, true],
      ['two workers to one, lane valid, warm, unicorn', 1.7, false],
      ['of what bare Unicorn reaches, unicorn', 50, true],
      ['of what bare Unicorn reaches, silicon', (100 * 40) / 60, true],
      ['reference, hot loop', 250, true],
      ['reference, of a case', 30, false],
      ['JIT, programs of 300', 1000 / 150, true],
      ['generation, of a case', 10, true],
      ['start: bpf-oracle --help', 90, true],
    ]);
  });

  it('of bare Unicorn are by whole runs, or by the stages where there are none, and say so', () => {
    const notes = ({ goals }: Pick<BenchReport, 'goals'>): (string | number | undefined)[][] =>
      goals
        .filter(({ what }) => /bare Unicorn reaches, (unicorn|silicon)/.test(what))
        .map(({ got, note }) => [got, note]);
    const byStages = 'all stages, in turn in one process; lean bare Unicorn: 25,000 cases/s';
    expect(notes(report)).toEqual([
      [
        50,
        'lane valid, warm, one worker, each in its process; bare Unicorn: 20,000 cases/s; lean bare Unicorn: 25,000, of which 40.0 %',
      ],
      [(100 * 40) / 60, byStages],
    ]);
    expect(notes({ goals: goalsOf({ ...figures, fuzz: [] }) })).toEqual([
      [40, byStages],
      [(100 * 40) / 60, byStages],
    ]);
  });

  it('of two workers stand beside what two of bare Unicorn are worth', () => {
    const notes = report.goals.filter(({ what }) => what.startsWith('two workers')).map(({ note }) => note);
    expect(notes).toEqual([
      'two of bare Unicorn: 2.00 times one (1.90 to 2.10)',
      'two of bare Unicorn: 1.90 times one (1.80 to 2.00)',
    ]);
  });

  it('that nothing was measured for are not listed', () => {
    const goals = goalsOf({ ...figures, fuzz: [], medianProgram: null, peers: [], start: [] });
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
      /load \+ emulate \+ observe, on Unicorn +60\.0 +1\.00\n +lean bare Unicorn +40\.0 +0\.67\n/,
    );
    expect(text).toMatch(
      /The median program\n.* half of the lane .*\n.*\n +on +cases .*\n +unicorn +2,048 +12,500 +11,364 to 13,889 +23,750 .* 1\.90 \(1\.80 to 2\.00\) +62\.5 %\n/,
    );
    expect(text).toMatch(/bare Unicorn +valid +1 +20,000 +18,182 to 22,222 +1\.00/);
    expect(text).toMatch(/bare Unicorn +valid +2 +40,000 +36,364 to 44,444 +1\.90 \(1\.80 to 2\.00\)/);
    expect(text).toMatch(
      /lean bare Unicorn +valid +1 +25,000 .*\n.*lean bare Unicorn +valid +2 +40,000 .* 1\.60\n/,
    );
    expect(text).toMatch(/unicorn +valid +2 +200 +18,000 .* 2\.00 +48 +17,000 .* 1\.70 +300 MiB/);
    expect(text).toMatch(/unicorn +mix +2 +200 +3,000 .* 1\.50 +48 +7,000 .* 1\.75 +200 MiB/);
    expect(text).toMatch(
      /Whole runs\n +Medians of 7 runs\.\n +Each worker has as many cases .*\n.*\n.* 4,096 images/,
    );
    expect(text).toMatch(/DPDK +- +not <installed>/);
  });

  it('says nothing of workers where there are no whole runs', () => {
    const text = benchText({ ...report, fuzz: [] });
    expect(text).toMatch(/Whole runs\n +Medians of 7 runs\.\n +Bare Unicorn runs 4,096 .* over\.\n +engine /);
  });

  it('is one JSON document', () => {
    const document = JSON.parse(benchJson(report));
    expect(document).toMatchObject({ schema: 'bpf-oracle/bench@1', stages: { sum: { median: 100_000 } } });
  });

  it('is one HTML page without script, with a bar for each stage, in which what is not met stands out', () => {
    const page = benchHtml(report);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toContain('<script');
    expect(page.match(/<rect /g)).toHaveLength(6 + 4 + 4 + 4 + 4);
    expect(page).toContain('not &lt;installed&gt;');
    expect(page).toMatch(/class="missed"><td>two workers to one, lane valid, warm, unicorn</);
    expect(page).toMatch(/<p>Medians of 7 runs\..*<\/p>\n<table>/);
    expect(page).toMatch(/<tr><td>whole cases of lane valid, warm, one worker, unicorn</);
  });

  it('takes the place of the one before in a document', () => {
    const once = withBenchMarkdown('# Performance\n\nWords.\n', report);
    expect(once).toContain('Words.');
    expect(once).toMatch(/\n### Whole runs\n\nMedians of 7 runs\..*\n\n\| engine /);
    expect(withBenchMarkdown(once, report)).toBe(once);
    expect(withBenchMarkdown('', report)).toMatch(/^# Performance\n/);
  });
});
