/** Figures of `bench` as text, JSON, and a section of a Markdown document. */
import { type BenchReport, type Goal, isMet, medianOf, type Timing } from './bench-report.ts';
import { code, markdownTable, withSection } from './markdown.ts';
import { table } from './table.ts';

type Rows = readonly (readonly string[])[];

interface Section {
  readonly title: string;
  readonly rows: Rows;
}

export function benchText(report: BenchReport): string {
  const sections = benchSections(report).flatMap(({ title, rows }) => [
    '',
    title,
    ...table(rows).map(indented),
  ]);
  return `${[machineLine(report), ...sections].join('\n')}\n`;
}

export const benchJson = (report: BenchReport): string =>
  `${JSON.stringify({ schema: 'bpf-oracle/bench@1', ...report }, null, 2)}\n`;

/** The document with the figures put in, in the place of those before. */
export function withBenchMarkdown(document: string, report: BenchReport): string {
  const body = [
    `${machineLine(report)} Medians of ${report.rounds} rounds in which all take turns. Made by:`,
    '',
    '```',
    report.command,
    '```',
    ...benchSections(report).flatMap(({ title, rows }) => ['', `### ${title}`, '', ...markdownTable(rows)]),
  ].join('\n');
  return withSection(document, 'Performance', {
    begin: '<!-- figures: made by `bpf-oracle bench --markdown`; what is changed here is lost -->',
    end: '<!-- end of the figures -->',
    body,
  });
}

const indented = (line: string): string => `  ${line}`;

/** What it was measured on. */
export function machineLine({ machine }: BenchReport): string {
  const { cpu, cores, node, tool, engine, load } = machine;
  return `bpf-oracle ${tool}, ${engine}, Node ${node}, ${cpu}, ${cores} cores, load ${load.toFixed(1)}.`;
}

/** All tables. */
export function benchSections(report: BenchReport): Section[] {
  return [
    { title: 'Goals', rows: goalRows(report.goals) },
    { title: 'A case, stage by stage', rows: stageRows(report) },
    { title: 'Cases by size', rows: sizeRows(report) },
    { title: 'The same programs elsewhere', rows: peerRows(report) },
    { title: 'JIT by size of program', rows: curveRows(report) },
    { title: 'Arithmetic in a straight line, 300 instructions', rows: straightRows(report) },
    { title: 'Whole runs', rows: fuzzRows(report) },
    { title: 'Start', rows: startRows(report) },
  ];
}

const goalRows = (goals: readonly Goal[]): Rows => [
  ['what', 'goal', 'measured', ''],
  ...goals.map((goal) => [
    goal.what,
    `${goal.isRate ? 'at least' : 'at most'} ${short(goal.goal)} ${goal.unit}`,
    `${short(goal.got)} ${goal.unit}`,
    isMet(goal) ? 'met' : 'NOT MET',
  ]),
];

function stageRows({ stages, onSilicon }: BenchReport): Rows {
  const whole = medianOf(stages, 'sum');
  return [
    ['stage', 'us', 'quartiles', 'cold', 'share', 'on silicon, us'],
    ...Object.entries(stages).map(([stage, timing]) => [
      stage,
      micro(timing.median),
      `${micro(timing.lower)} to ${micro(timing.upper)}`,
      micro(timing.cold),
      `${((100 * timing.median) / whole).toFixed(1)} %`,
      onSilicon === null ? '-' : micro(medianOf(onSilicon, stage)),
    ]),
  ];
}

function sizeRows({ sizes }: BenchReport): Rows {
  const names = Object.keys(sizes[0]?.stages ?? {});
  return [
    ['programs', 'slots (median)', ...names.map((name) => `${name}, us`), 'cases/s'],
    ...sizes.map(({ name, medianInsns, stages }) => [
      name,
      String(medianInsns),
      ...names.map((stage) => micro(medianOf(stages, stage))),
      short(1e9 / medianOf(stages, 'sum')),
    ]),
  ];
}

const peerRows = ({ peers, native }: BenchReport): Rows => [
  ['what', 'us a case', 'to load + emulate + observe'],
  ['load + emulate + observe, on Unicorn', micro(native.median), '1.00'],
  ...peers.map(({ name, timing, absent }) =>
    timing === null
      ? [name, '-', absent ?? '']
      : [name, micro(timing.median), (timing.median / native.median).toFixed(2)],
  ),
];

const curveRows = ({ jit }: BenchReport): Rows => [
  ['insns', 'M insns/s', 'passes'],
  ['300, one after the other', short(1000 / jit.insn.median), ''],
  ...jit.curve.map(({ insns, nsPerInsn, passes }) => [
    insns.toLocaleString('en'),
    short(1000 / nsPerInsn),
    String(passes),
  ]),
];

const straightRows = ({ straight }: BenchReport): Rows => [
  ['whose', 'compiled, M insns/s', 'interpreted, M insns/s'],
  ...straight.map(({ name, compile, interpret, absent }) =>
    compile === null || interpret === null
      ? [name, '-', absent ?? '']
      : [name, rateWithQuartiles(compile), rateWithQuartiles(interpret)],
  ),
];

const rateWithQuartiles = ({ median, lower, upper }: Timing): string =>
  `${short(1000 / median)} (${short(1000 / upper)} to ${short(1000 / lower)})`;

function fuzzRows({ fuzz, twoProcesses }: BenchReport): Rows {
  const bound = `${twoProcesses.lower.toFixed(2)} to ${twoProcesses.upper.toFixed(2)}`;
  return [
    [
      ...['engine', 'lanes', 'workers', 'cases'],
      ...['cases/s', 'quartiles', 'to one worker'],
      ...['warm (second half or so), cases/s', 'quartiles', 'to one worker', 'memory', 'digest'],
    ],
    ...fuzz.map((run) => {
      const one = fuzz.find((it) => it.engine === run.engine && it.lane === run.lane && it.workers === 1);
      return [
        ...[run.engine, run.lane, String(run.workers), run.cases.toLocaleString('en')],
        ...rateCells(run.casesPerSecond, run.timing, one?.casesPerSecond),
        ...rateCells(run.warmCasesPerSecond, run.warm, one?.warmCasesPerSecond),
        ...[`${Math.round(run.megabytes)} MiB`, code(run.digest)],
      ];
    }),
    [
      'bare Unicorn',
      ...['valid', '2', '', '', '', ''],
      ...['', bound, twoProcesses.median.toFixed(2), '', ''],
    ],
  ];
}

const rateCells = (rate: number, { lower, upper }: Timing, one: number | undefined): string[] => [
  short(rate),
  `${short(1e9 / upper)} to ${short(1e9 / lower)}`,
  one === undefined ? '-' : (rate / one).toFixed(2),
];

const startRows = ({ start }: BenchReport): Rows => [
  ['command', 'ms', 'quartiles'],
  ...start.map(({ command, timing }) => [
    code(command),
    short(timing.median / 1e6),
    `${short(timing.lower / 1e6)} to ${short(timing.upper / 1e6)}`,
  ]),
];

const micro = (ns: number): string => (ns / 1000).toFixed(1);

/** Three digits at least, no more than needed. */
const short = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
