/** Figures of `bench` as text, JSON, and a section of a Markdown document. */
import {
  BARE,
  type BareFigures,
  type BenchReport,
  type Goal,
  isMet,
  LEAN,
  type MedianProgram,
  medianOf,
  type SteadyFigures,
  type Timing,
} from './bench-report.ts';
import { micro, number, perSecond } from './bench-words.ts';
import { code, markdownTable, withSection } from './markdown.ts';
import { table } from './table.ts';

type Rows = readonly (readonly string[])[];

export interface Section {
  readonly title: string;
  /** How its figures are reckoned: sentences. */
  readonly notes?: readonly string[];
  readonly rows: Rows;
}

export function benchText(report: BenchReport): string {
  const sections = benchSections(report).flatMap(({ title, notes = [], rows }) => [
    '',
    title,
    ...notes.map(indented),
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
    ...benchSections(report).flatMap(({ title, notes = [], rows }) => [
      ...['', `### ${title}`, ''],
      ...(notes.length === 0 ? [] : [notes.join(' '), '']),
      ...markdownTable(rows),
    ]),
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
    { title: 'Whole runs', notes: wholeNotes(report), rows: fuzzRows(report) },
    ...medianSections(report.medianProgram),
    { title: 'Start', rows: startRows(report) },
  ];
}

const goalRows = (goals: readonly Goal[]): Rows => [
  ['what', 'goal', 'measured', '', 'beside it'],
  ...goals.map((goal) => [
    goal.what,
    `${goal.isRate ? 'at least' : 'at most'} ${number(goal.goal)} ${goal.unit}`,
    `${number(goal.got)} ${goal.unit}`,
    isMet(goal) ? 'met' : 'NOT MET',
    goal.note ?? '',
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
      perSecond(medianOf(stages, 'sum')),
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
  ['300, one after the other', number(1000 / jit.insn.median), ''],
  ...jit.curve.map(({ insns, nsPerInsn, passes }) => [
    insns.toLocaleString('en'),
    number(1000 / nsPerInsn),
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
  `${number(1000 / median)} (${number(1000 / upper)} to ${number(1000 / lower)})`;

function wholeNotes({ wholeRounds, bare, fuzz }: BenchReport): string[] {
  const ofBare = `Bare Unicorn runs ${number(bare.images)} images of lane valid over and over`;
  if (fuzz.length === 0) return [`Medians of ${wholeRounds} runs.`, `${ofBare}.`];
  return [
    `Medians of ${wholeRounds} runs.`,
    'Each worker has as many cases as one alone, so that with two there are twice as many, and other digests.',
    'The warm part, the second half or so, begins where each worker has run as many as one alone has there.',
    `${ofBare}, and as many before it counts.`,
  ];
}

function fuzzRows({ fuzz, bare, lean, twoProcesses }: BenchReport): Rows {
  return [
    [
      ...['engine', 'lanes', 'workers', 'cases'],
      ...['cases/s', 'quartiles', 'to one worker', 'warm from, cases a worker'],
      ...['warm, cases/s', 'quartiles', 'to one worker', 'memory', 'digest'],
    ],
    ...fuzz.map((run) => {
      const one = fuzz.find((it) => it.engine === run.engine && it.lane === run.lane && it.workers === 1);
      return [
        ...[run.engine, run.lane, String(run.workers), run.cases.toLocaleString('en')],
        ...[...rateCells(run.timing), ratio(run.casesPerSecond, one?.casesPerSecond)],
        run.warmFrom.toLocaleString('en'),
        ...[...rateCells(run.warm), ratio(run.warmCasesPerSecond, one?.warmCasesPerSecond)],
        ...[`${Math.round(run.megabytes)} MiB`, code(run.digest)],
      ];
    }),
    ...bareRows(BARE, bare, ratioWithQuartiles(twoProcesses)),
    ...bareRows(LEAN, lean, ratio(lean.one.median, lean.two.median)),
  ];
}

function bareRows(name: string, { one, two }: BareFigures, twoToOne: string): Rows {
  const noCells = Array.from({ length: 5 }, () => '');
  return [
    [name, 'valid', '1', ...noCells, ...rateCells(one), '1.00', '', ''],
    [name, 'valid', '2', ...noCells, ...rateCells(two), twoToOne, '', ''],
  ];
}

/** Of nanoseconds a case. */
const rateCells = ({ median, lower, upper }: Timing): string[] => [
  perSecond(median),
  `${perSecond(upper)} to ${perSecond(lower)}`,
];

const ratio = (rate: number, one: number | undefined): string =>
  one === undefined ? '-' : (rate / one).toFixed(2);

function medianSections(program: MedianProgram | null): Section[] {
  if (program === null) return [];
  const { insns, calls, engines, bare, lean } = program;
  const cells = (name: string, { cases, one, two, twoToOne }: SteadyFigures): string[] => [
    ...[name, cases.toLocaleString('en'), ...rateCells(one), ...rateCells(two), ratioWithQuartiles(twoToOne)],
    `${number((100 * bare.one.median) / one.median)} %`,
  ];
  return [
    {
      title: 'The median program',
      notes: [
        `Cases of lane valid that run ${insns.join(' to ')} instructions and ${calls.join(' to ')} calls: half of the lane run 65 or more, and 4 or more.`,
        'Judged as a worker of fuzz does, over and over, in processes of their own that have run as many before they count.',
      ],
      rows: [
        [
          'on',
          'cases',
          'one, cases/s',
          'quartiles',
          'two, cases/s',
          'quartiles',
          'two to one',
          'of bare Unicorn',
        ],
        ...engines.map((each) => cells(each.engine, each)),
        cells(BARE, bare),
        cells(LEAN, lean),
      ],
    },
  ];
}

const ratioWithQuartiles = ({ median, lower, upper }: Timing): string =>
  `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;

const startRows = ({ start }: BenchReport): Rows => [
  ['command', 'ms', 'quartiles'],
  ...start.map(({ command, timing }) => [
    code(command),
    number(timing.median / 1e6),
    `${number(timing.lower / 1e6)} to ${number(timing.upper / 1e6)}`,
  ]),
];
