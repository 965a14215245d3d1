/**
 * The kill matrix: what each oracle made of each broken JIT. Where seeds disagree, the full oracle is counted
 * strictly and the weaker one kindly: the full one kills what every seed kills, r0 alone what any seed kills.
 */
import type { Pointer, Trial } from './kill-trial.ts';

/** A broken JIT, in words. */
export interface Suspect {
  readonly name: string;
  /** What is broken. */
  readonly breaks: string;
  /** The real bug it re-enacts. */
  readonly source: string;
}

/** What the fixed suites made of one: the first test that fails, null for none. */
export interface SuiteKills {
  readonly selftestSums: string | null;
  /** Absent if the suite was not run. */
  readonly conformance?: string | null;
}

export interface KilledBy {
  readonly full: boolean;
  /** With the same effort: in no more cases than the full oracle took. */
  readonly r0Only: boolean;
  /** In ten times those cases. */
  readonly r0Tenfold: boolean;
  /** In all cases of the limit. */
  readonly r0AllCases: boolean;
  /** In all cases of the limit, if functions return what r0 holds. */
  readonly plainR0: boolean;
  readonly selftestSums: boolean;
  readonly conformance?: boolean;
}

export interface MutantRow extends Suspect {
  /** On every seed. */
  readonly killed: boolean;
  /** Median over the seeds that kill it; null if none does. */
  readonly cases: number | null;
  readonly seconds: number | null;
  /** Cases until r0 alone differs: median over the seeds where it does; null if it never does. */
  readonly r0Cases: number | null;
  /** The same if functions return what r0 holds. */
  readonly plainR0Cases: number | null;
  /** More than half of all seeds point at the guilty instruction. */
  readonly localised: boolean;
  /** Where one of the majority points. */
  readonly pointer: Pointer | null;
  /** On more than half of all seeds the window of an image without a pc map holds the guilty instruction. */
  readonly localisedWithoutMap: boolean;
  /** Instructions that run in that window: median over the seeds that kill it; null if there is none. */
  readonly windowInsns: number | null;
  readonly killedBy: KilledBy;
  readonly suites: SuiteKills;
  readonly trials: readonly Trial[];
}

export interface MatrixSummary {
  readonly total: number;
  readonly killed: number;
  readonly localised: number;
  readonly localisedWithoutMap: number;
  /** Median over the mutants of the instructions in a window; null if there is none. */
  readonly medianWindow: number | null;
  /** Medians over the mutants that are killed; null if none is. */
  readonly medianCases: number | null;
  readonly medianSeconds: number | null;
  /** Killed mutants that a weaker oracle lets live. */
  readonly missedBy: {
    readonly r0Only: number;
    readonly r0Tenfold: number;
    readonly r0AllCases: number;
    readonly plainR0: number;
    readonly selftestSums: number;
    readonly conformance?: number;
  };
}

/** One row, of all trials of one mutant. */
export function rowOf(suspect: Suspect, trials: readonly Trial[], suites: SuiteKills): MutantRow {
  const kills = trials.flatMap(({ kill }) => (kill === null ? [] : [kill]));
  const killed = trials.length > 0 && kills.length === trials.length;
  const localised = 2 * kills.filter((kill) => kill.localised).length > trials.length;
  const { conformance } = suites;
  return {
    name: suspect.name,
    breaks: suspect.breaks,
    source: suspect.source,
    killed,
    cases: median(kills.map(({ cases }) => cases)),
    seconds: median(kills.map(({ seconds }) => seconds)),
    r0Cases: median(trials.flatMap(({ r0Cases }) => r0Cases ?? [])),
    plainR0Cases: median(trials.flatMap(({ plainR0Cases }) => plainR0Cases ?? [])),
    localised,
    pointer: kills.find((kill) => kill.localised === localised)?.pointer ?? null,
    localisedWithoutMap: 2 * kills.filter(({ window }) => window?.contains === true).length > trials.length,
    windowInsns: median(kills.flatMap(({ window }) => window?.insns ?? [])),
    killedBy: {
      full: killed,
      r0Only: trials.some((trial) => seesWithin(trial, 1)),
      r0Tenfold: trials.some((trial) => seesWithin(trial, 10)),
      r0AllCases: trials.some(({ r0Cases }) => r0Cases !== null),
      plainR0: trials.some(({ plainR0Cases }) => plainR0Cases !== null),
      selftestSums: suites.selftestSums !== null,
      ...(conformance === undefined ? {} : { conformance: conformance !== null }),
    },
    suites,
    trials,
  };
}

/** Whether r0 alone differs within so many times the cases the full oracle took. */
const seesWithin = ({ kill, r0Cases }: Trial, times: number): boolean =>
  kill !== null && r0Cases !== null && r0Cases <= times * kill.cases;

export function summariseMatrix(rows: readonly MutantRow[]): MatrixSummary {
  const killed = rows.filter((row) => row.killed);
  const missed = (oracle: keyof KilledBy): number =>
    killed.filter((row) => row.killedBy[oracle] === false).length;
  const hasConformance = rows.some(({ killedBy }) => killedBy.conformance !== undefined);
  return {
    total: rows.length,
    killed: killed.length,
    localised: rows.filter((row) => row.localised).length,
    localisedWithoutMap: rows.filter((row) => row.localisedWithoutMap).length,
    medianWindow: median(rows.flatMap(({ windowInsns }) => windowInsns ?? [])),
    medianCases: median(killed.flatMap(({ cases }) => cases ?? [])),
    medianSeconds: median(killed.flatMap(({ seconds }) => seconds ?? [])),
    missedBy: {
      r0Only: missed('r0Only'),
      r0Tenfold: missed('r0Tenfold'),
      r0AllCases: missed('r0AllCases'),
      plainR0: missed('plainR0'),
      selftestSums: missed('selftestSums'),
      ...(hasConformance ? { conformance: missed('conformance') } : {}),
    },
  };
}

/** The middle one; of an even number the lower of two, so that it is a value that was seen. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? null;
}

/** Blocks of the run that shows that nothing is seen where nothing is broken. */
export interface ControlCount {
  readonly cases: number;
  readonly agree: number;
  /** Names of the cases that diverge. */
  readonly diverging: readonly string[];
}

export const addControls = (counts: readonly ControlCount[]): ControlCount => ({
  cases: counts.reduce((sum, { cases }) => sum + cases, 0),
  agree: counts.reduce((sum, { agree }) => sum + agree, 0),
  diverging: counts.flatMap(({ diverging }) => diverging),
});
