/** What a reporter is: it makes one document of all results. */
import type { CaseResult } from '../oracle/case.ts';
import type { StaleEntry } from '../oracle/expected-failures.ts';

export interface ReportOptions {
  readonly color: boolean;
  /** How the text report ends: counts of verdicts, or the line of bpf_conformance's runner. */
  readonly summary: 'verdicts' | 'conformance';
  /** The list of expected failures, if there is one. */
  readonly expected?: ExpectedList;
}

export interface ExpectedList {
  /** Entries of the list. */
  readonly listed: number;
  /** Those that do not hold: each fails the run. */
  readonly stale: readonly StaleEntry[];
}

export type Reporter = (results: readonly CaseResult[], options: ReportOptions) => string;
