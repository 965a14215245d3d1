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
  /** Rounds of what takes long by itself: whole runs, starts and the JIT's curve. */
  readonly wholeRounds: number;
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
  readonly bare: BareFigures;
  /** Likewise, with what nobody needs left out of it, as this project uses it. */
  readonly lean: BareFigures;
  /** How many times one process of bare Unicorn two are worth on this machine: the bound of any two workers. */
  readonly twoProcesses: Timing;
  /** Whole cases of the median program; null without whole runs. */
  readonly medianProgram: MedianProgram | null;
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

/**
 * Bare Unicorn on images of the lane `valid` of seed 1, those that the whole runs have, in processes of its own that have
 * run as many cases as a worker of theirs when its warm half begins. Times are those of a case.
 */
export interface BareFigures {
  /** Different ones. */
  readonly images: number;
  /** Of a process alone. */
  readonly one: Timing;
  /** Of two at once: half of what each takes. */
  readonly two: Timing;
}

/** What settles, in processes of its own that have run as much before as `bare`. Times are those of a case. */
export interface SteadyFigures {
  /** Different ones. */
  readonly cases: number;
  readonly one: Timing;
  /** Of two processes at once: half of what each takes. */
  readonly two: Timing;
  /** How many times one two are worth. */
  readonly twoToOne: Timing;
}

/** Cases of the lane `valid` that run about as many instructions and calls as half of them do. */
export interface MedianProgram {
  /** From the least to the most. */
  readonly insns: readonly [number, number];
  readonly calls: readonly [number, number];
  /** Judged as a worker of `fuzz` does. */
  readonly engines: readonly (SteadyFigures & { readonly engine: string })[];
  /** The same images on bare Unicorn. */
  readonly bare: SteadyFigures;
  readonly lean: SteadyFigures;
}

export interface FuzzFigures {
  readonly engine: string;
  /** `mix`: all lanes, as a fuzz has them. */
  readonly lane: 'valid' | 'mix';
  readonly workers: number;
  /** Of all workers: each has as many as one alone has. */
  readonly cases: number;
  /** Of them, those whose machines agree; none diverges, or `bench` fails. */
  readonly agree: number;
  /** Of the medians: of all cases, and of the second half or so alone, by when most is compiled. */
  readonly casesPerSecond: number;
  readonly warmCasesPerSecond: number;
  /** A case: of all, and of the second half or so. */
  readonly timing: Timing;
  readonly warm: Timing;
  /** Cases that each worker has run when the second half or so begins. */
  readonly warmFrom: number;
  /** Of the cases; `bench` fails where as many of one lane have another. */
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
  /** What it is to be seen beside, or how it is reckoned. */
  readonly note?: string;
}

export const isMet = ({ goal, got, isRate }: Goal): boolean => (isRate ? got >= goal : got <= goal);

/** Name of the peer that is the bound: the library as it is. */
export const BARE = 'bare Unicorn';
/** The same as this project uses it (emu/lean-libunicorn.ts). */
export const LEAN = 'lean bare Unicorn';
