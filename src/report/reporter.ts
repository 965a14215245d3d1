/** What a reporter is: it makes one document of all that a command found. */
import type { CaseResult } from '../oracle/case.ts';
import type { StaleEntry } from '../oracle/expected-failures.ts';
import type { HostileRun } from './fuzz-hostile.ts';
import type { FuzzReport } from './fuzz-report.ts';
import type { MutantsReport } from './mutants-report.ts';

/** What a command found, as data; src/report/index.ts has what makes words of it. */
export type Report =
  | CasesReport
  | { readonly kind: 'fuzz'; readonly fuzz: FuzzReport }
  | { readonly kind: 'hostile'; readonly hostile: HostileRun }
  | { readonly kind: 'mutants'; readonly mutants: MutantsReport };

/** Of check, conformance and replay. */
export interface CasesReport {
  readonly kind: 'cases';
  /** A text report of `conformance` ends as bpf_conformance's runner does. */
  readonly command: 'check' | 'conformance' | 'replay';
  readonly results: readonly CaseResult[];
  /** The list of expected failures, if there is one. */
  readonly expected?: ExpectedList;
}

export interface ExpectedList {
  /** Path of the list. */
  readonly file: string;
  /** Entries of the list. */
  readonly listed: number;
  /** Those that do not hold: each fails the run. */
  readonly stale: readonly StaleEntry[];
}

export interface ReportOptions {
  readonly color: boolean;
  /** Of this tool, for formats that name it. */
  readonly version: string;
}

export type Reporter = (report: Report, options: ReportOptions) => string;
