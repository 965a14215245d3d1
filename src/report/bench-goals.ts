/** The goals of `bench`, judged by its figures. */
import {
  BARE,
  type BenchReport,
  type FuzzFigures,
  type Goal,
  LEAN,
  type MedianProgram,
  medianOf,
  type StartFigures,
  type Timing,
} from './bench-report.ts';
import { number, perSecond } from './bench-words.ts';

export type Figures = Omit<BenchReport, 'goals' | 'command' | 'machine' | 'rounds' | 'wholeRounds'>;

/** Those that something was measured for. */
export function goalsOf(figures: Figures): Goal[] {
  const { stages, jit, reference, fuzz, start } = figures;
  const share = (stage: string): number => (100 * medianOf(stages, stage)) / medianOf(stages, 'sum');
  return [
    ...medianGoals(figures.medianProgram),
    ...wholeRunGoals(fuzz, figures.twoProcesses),
    ...ofBareGoals(figures),
    atLeast('reference, hot loop', 'M insns/s', 200, 1000 / reference.insn.median),
    atMost('reference, of a case', '%', 25, share('interpret')),
    atLeast('JIT, programs of 300', 'M insns/s', 5, 1000 / jit.insn.median),
    atMost('generation, of a case', '%', 33, share('generate')),
    ...start.map(startGoal),
  ];
}

const atLeast = (what: string, unit: string, goal: number, got: number): Goal => {
  return { what, unit, goal, got, isRate: true };
};

const atMost = (what: string, unit: string, goal: number, got: number): Goal => {
  return { what, unit, goal, got, isRate: false };
};

const startGoal = ({ command, timing }: StartFigures): Goal =>
  atMost(`start: ${command}`, 'ms', command.includes('help') ? 100 : 250, timing.median / 1e6);

/** Of a program that half of the lane are lighter than: the lane's mean, below, is heavier. */
function medianGoals(program: MedianProgram | null): Goal[] {
  if (program === null) return [];
  const { insns, calls, engines, bare, lean } = program;
  const what = `the median program (${insns.join(' to ')} insns run, ${calls.join(' to ')} calls)`;
  return engines.flatMap(({ engine, one, twoToOne }) => {
    const ofBare = (100 * bare.one.median) / one.median;
    return [
      atLeast(`whole cases of ${what}, warm, one worker, ${engine}`, 'cases/s', 10_000, 1e9 / one.median),
      {
        ...atLeast(`two workers to one, the median program, warm, ${engine}`, 'times', 1.8, twoToOne.median),
        note: boundOf(bare.twoToOne),
      },
      {
        ...atLeast(`of what ${BARE} reaches, the median program, ${engine}`, '%', 50, ofBare),
        note: boundsOf(one.median, bare.one.median, lean.one.median),
      },
    ];
  });
}

/** Of nanoseconds a case. */
const boundsOf = (ours: number, bare: number, lean: number): string =>
  `${BARE}: ${perSecond(bare)} cases/s; ${LEAN}: ${perSecond(lean)}, of which ${number((100 * lean) / ours)} %`;

const boundOf = ({ median, lower, upper }: Timing): string =>
  `two of ${BARE}: ${number(median)} times one (${number(lower)} to ${number(upper)})`;

function wholeRunGoals(fuzz: readonly FuzzFigures[], twoProcesses: Timing): Goal[] {
  const bound = boundOf(twoProcesses);
  return [...new Set(fuzz.map(({ engine }) => engine))].flatMap((engine) => {
    const [one, two] = [1, 2].map((workers) => warmRateOf(fuzz, engine, workers));
    if (one === undefined || two === undefined) return [];
    return [
      atLeast(`whole cases of lane valid, warm, one worker, ${engine}`, 'cases/s', 10_000, one),
      { ...atLeast(`two workers to one, lane valid, warm, ${engine}`, 'times', 1.8, two / one), note: bound },
    ];
  });
}

/** By whole runs where there are any: both sides settled, each in processes of its own. Else by the stages. */
function ofBareGoals({ stages, onSilicon, peers, fuzz, bare, lean }: Figures): Goal[] {
  const inTurn = peers.find(({ name }) => name === LEAN)?.timing?.median;
  const goal = (engine: string, ofTheirs: number, note: string): Goal => ({
    ...atLeast(`of what ${BARE} reaches, ${engine}`, '%', 50, ofTheirs),
    note,
  });
  return Object.entries({ unicorn: stages, silicon: onSilicon }).flatMap(([engine, of]) => {
    const rate = warmRateOf(fuzz, engine, 1);
    if (rate !== undefined) {
      const bounds = boundsOf(1e9 / rate, bare.one.median, lean.one.median);
      const note = `lane valid, warm, one worker, each in its process; ${bounds}`;
      return [goal(engine, (rate * bare.one.median) / 1e7, note)];
    }
    if (of === null || inTurn === undefined) return [];
    const note = `all stages, in turn in one process; ${LEAN}: ${perSecond(inTurn)} cases/s`;
    return [goal(engine, (100 * inTurn) / medianOf(of, 'sum'), note)];
  });
}

const warmRateOf = (fuzz: readonly FuzzFigures[], engine: string, workers: number): number | undefined =>
  fuzz.find((run) => run.engine === engine && run.lane === 'valid' && run.workers === workers)
    ?.warmCasesPerSecond;
