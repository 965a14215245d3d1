/** The goals of `bench`, judged by its figures. */
import {
  BARE,
  type BenchReport,
  type FuzzFigures,
  type Goal,
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
  const { insns, calls, engines, bare } = program;
  const what = `the median program (${insns.join(' to ')} insns run, ${calls.join(' to ')} calls)`;
  const theirs = `${BARE}: ${perSecond(bare.one.median)} cases/s`;
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
        note: theirs,
      },
    ];
  });
}

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
function ofBareGoals({ stages, onSilicon, peers, fuzz, bare }: Figures): Goal[] {
  const inTurn = peers.find(({ name }) => name === BARE)?.timing?.median;
  const goal = (engine: string, ours: number, theirs: number, how: string): Goal => {
    const note = `${how}; ${BARE}: ${perSecond(theirs)} cases/s`;
    return { ...atLeast(`of what ${BARE} reaches, ${engine}`, '%', 50, (100 * theirs) / ours), note };
  };
  return Object.entries({ unicorn: stages, silicon: onSilicon }).flatMap(([engine, of]) => {
    const rate = warmRateOf(fuzz, engine, 1);
    if (rate !== undefined)
      return [goal(engine, 1e9 / rate, bare.one.median, 'lane valid, warm, one worker, each in its process')];
    if (of === null || inTurn === undefined) return [];
    return [goal(engine, medianOf(of, 'sum'), inTurn, 'all stages, in turn in one process')];
  });
}

const warmRateOf = (fuzz: readonly FuzzFigures[], engine: string, workers: number): number | undefined =>
  fuzz.find((run) => run.engine === engine && run.lane === 'valid' && run.workers === workers)
    ?.warmCasesPerSecond;
