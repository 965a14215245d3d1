/** What `bench` found, as data. Times are nanoseconds. */

/**
 * By name of the stage; `sum` is all of them. `load`: code put into the guest, memory mapped; `emulate`: the engine's
 * run; `observe`: memory put back before it, what is looked at at its stops and at its end, what is copied of it;
 * `count`: digest and grids.
 */
export type Stages = Readonly<Record<string, Timing>>;

export const medianOf = (stages: Stages, stage: string): number => stages[stage]?.median ?? Number.NaN;

/** Quartiles over the rounds, and the first round, before anything was warm. */
export interface Timing {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly cold: number;
}

export interface BenchReport {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    readonly tool: string;
    readonly engine: string;
    /** Load average of the last minute at the start: above the number of cores, figures are noise. */
    readonly load: number;
  };
  readonly rounds: number;
  /** Stages of a case by stage; programs as the generator makes them. Per case. */
  readonly stages: Stages;
  /** The same on this machine's CPU; null where that cannot be. */
  readonly onSilicon: Stages | null;
  /** Cases of one size. Per case. */
  readonly sizes: readonly SizeFigures[];
  /** Load, emulate and observe together, on Unicorn: what peers are beside. Per case. */
  readonly native: Timing;
  /** The same programs on others. Per case; `absent` where it is not installed. */
  readonly peers: readonly PeerFigures[];
  readonly jit: { readonly insn: Timing; readonly curve: readonly CurvePoint[] };
  readonly reference: { readonly insn: Timing };
  /** A program of arithmetic in a straight line: ours, and DPDK's. */
  readonly straight: readonly StraightFigures[];
  /** How many times one process of bare Unicorn two are worth on this machine. */
  readonly twoProcesses: Timing;
  /** Whole runs of `fuzz` in processes of their own. */
  readonly fuzz: readonly FuzzFigures[];
  readonly start: readonly StartFigures[];
  readonly goals: readonly Goal[];
  readonly command: string;
}

export interface SizeFigures {
  readonly name: string;
  readonly cases: number;
  readonly medianInsns: number;
  readonly stages: Stages;
}

export interface PeerFigures {
  readonly name: string;
  readonly timing: Timing | null;
  /** Why there is no timing. */
  readonly absent: string | null;
}

export interface CurvePoint {
  readonly insns: number;
  readonly nsPerInsn: number;
  readonly passes: number;
}

/** Nanoseconds an instruction; null where it is not installed. */
export interface StraightFigures {
  readonly name: string;
  readonly compile: Timing | null;
  readonly interpret: Timing | null;
  readonly absent: string | null;
}

export interface FuzzFigures {
  readonly engine: string;
  /** `mix`: all lanes, as a fuzz has them. */
  readonly lane: 'valid' | 'mix';
  readonly workers: number;
  readonly cases: number;
  /** Of the medians: of all cases, and of the second half or so alone, by when most is compiled. */
  readonly casesPerSecond: number;
  readonly warmCasesPerSecond: number;
  /** A case: of all, and of the second half or so. */
  readonly timing: Timing;
  readonly warm: Timing;
  readonly digest: string;
  /** The most memory that each of its processes had, in MiB, summed; the most of all rounds. */
  readonly megabytes: number;
}

export interface StartFigures {
  readonly command: string;
  readonly timing: Timing;
}

/** A figure that was set as a goal. */
export interface Goal {
  readonly what: string;
  readonly unit: string;
  readonly goal: number;
  readonly got: number;
  /** Whether more is better. */
  readonly isRate: boolean;
}

export const isMet = ({ goal, got, isRate }: Goal): boolean => (isRate ? got >= goal : got <= goal);

/** Goals, from the figures. */
export function goalsOf(figures: Omit<BenchReport, 'goals' | 'command' | 'machine' | 'rounds'>): Goal[] {
  const { stages, onSilicon, jit, reference, fuzz, start, peers } = figures;
  const whole = medianOf(stages, 'sum');
  const share = (stage: string): number => (100 * medianOf(stages, stage)) / whole;
  const bare = peers.find(({ name }) => name === BARE)?.timing?.median;
  const rate = (what: string, unit: string, goal: number, got: number | undefined): Goal[] =>
    got === undefined ? [] : [{ what, unit, goal, got, isRate: true }];
  const most = (what: string, unit: string, goal: number, got: number): Goal => {
    return { what, unit, goal, got, isRate: false };
  };
  const engines = new Set(fuzz.map(({ engine }) => engine));
  return [
    ...[...engines].flatMap((engine) => {
      const [one, two] = [1, 2].map((workers) => warmRateOf(fuzz, engine, workers));
      return [
        ...rate(`whole cases of lane valid, warm, one worker, ${engine}`, 'cases/s', 10_000, one),
        ...rate(`two workers to one, lane valid, warm, ${engine}`, 'times', 1.8, one && two && two / one),
      ];
    }),
    ...rate('of what bare Unicorn reaches, unicorn', '%', 50, bare && (100 * bare) / whole),
    ...rate(
      'of what bare Unicorn reaches, silicon',
      '%',
      50,
      bare && onSilicon ? (100 * bare) / medianOf(onSilicon, 'sum') : undefined,
    ),
    ...rate('reference, hot loop', 'M insns/s', 200, 1000 / reference.insn.median),
    most('reference, of a case', '%', 25, share('interpret')),
    ...rate('JIT, programs of 300', 'M insns/s', 5, 1000 / jit.insn.median),
    most('generation, of a case', '%', 33, share('generate')),
    ...start.map(({ command, timing }) =>
      most(`start: ${command}`, 'ms', command.includes('help') ? 100 : 250, timing.median / 1e6),
    ),
  ];
}

/** Its mean program is the one that the goals are set for. */
const warmRateOf = (fuzz: readonly FuzzFigures[], engine: string, workers: number): number | undefined =>
  fuzz.find((run) => run.engine === engine && run.lane === 'valid' && run.workers === workers)
    ?.warmCasesPerSecond;

/** Name of the peer that is the bound. */
export const BARE = 'bare Unicorn';
