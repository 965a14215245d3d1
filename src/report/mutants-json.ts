/** The JSON document of mutants: schema `bpf-oracle/mutants@1`. */
import type { ControlCount, KilledBy, MatrixSummary, MutantRow, SuiteKills } from '../fuzz/kill-matrix.ts';
import type { Pointer, Trial } from '../fuzz/kill-trial.ts';
import { jsonText } from './json-text.ts';
import type { MutantsReport } from './mutants-report.ts';

export interface JsonMutantsReport {
  readonly schema: 'bpf-oracle/mutants@1';
  readonly seeds: readonly number[];
  /** Cases a mutant may live through, of each seed. */
  readonly runs: number;
  readonly mutants: readonly JsonMutant[];
  readonly summary: MatrixSummary;
  readonly suites: MutantsReport['suites'];
  readonly control: ControlCount | null;
  readonly seconds: number;
}

/** `cases` and `seconds` are medians over the seeds that kill it; null if none does. */
export interface JsonMutant {
  readonly name: string;
  readonly breaks: string;
  readonly source: string;
  readonly killed: boolean;
  readonly cases: number | null;
  readonly seconds: number | null;
  /** The same of r0 alone. */
  readonly r0Cases: number | null;
  readonly plainR0Cases: number | null;
  readonly localised: boolean;
  readonly culprit: Pointer | null;
  readonly localisedWithoutMap: boolean;
  readonly windowInsns: number | null;
  readonly killedBy: KilledBy;
  /** The first test of each fixed suite that fails. */
  readonly failing: SuiteKills;
  readonly trials: readonly Trial[];
}

/** The document as text, with a newline at its end. */
export function mutantsJson({ rows, summary, seeds, runs, suites, control, seconds }: MutantsReport): string {
  const document: JsonMutantsReport = {
    schema: 'bpf-oracle/mutants@1',
    seeds,
    runs,
    mutants: rows.map(mutantOf),
    summary,
    suites,
    control,
    seconds,
  };
  return jsonText(document);
}

const mutantOf = ({ pointer, suites, ...row }: MutantRow): JsonMutant => ({
  name: row.name,
  breaks: row.breaks,
  source: row.source,
  killed: row.killed,
  cases: row.cases,
  seconds: row.seconds,
  r0Cases: row.r0Cases,
  plainR0Cases: row.plainR0Cases,
  localised: row.localised,
  culprit: pointer,
  localisedWithoutMap: row.localisedWithoutMap,
  windowInsns: row.windowInsns,
  killedBy: row.killedBy,
  failing: suites,
  trials: row.trials,
});
