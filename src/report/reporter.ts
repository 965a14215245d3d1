/** What a reporter is: it makes one document of all that a command found. */
import type { CaseResult } from '../oracle/case.ts';
import type { ExpectedList } from '../oracle/expected-failures.ts';
import type { Explained } from '../oracle/explained.ts';
import type { JsonReport } from './check-document.ts';
import type { DiffReport } from './diff/change.ts';
import type { HostileRun } from './fuzz-hostile.ts';
import type { FuzzReport } from './fuzz-report.ts';
import type { PageAssets } from './html/document.ts';
import type { LintedProgram } from './lint-report.ts';
import type { MutantsReport } from './mutants-report.ts';
import type { CasesShard } from './shard.ts';

/** What a command found, as data; src/report/index.ts has what makes words of it. */
export type Report =
  | CasesReport
  | DocumentReport
  | { readonly kind: 'fuzz'; readonly fuzz: FuzzReport }
  | { readonly kind: 'hostile'; readonly hostile: HostileRun }
  | { readonly kind: 'diff'; readonly diff: DiffReport }
  | { readonly kind: 'lint'; readonly lint: readonly LintedProgram[] }
  | { readonly kind: 'mutants'; readonly mutants: MutantsReport };

/** Of check, conformance or replay, read back from their documents: there are no programs to show. */
export interface DocumentReport {
  readonly kind: 'document';
  readonly command: CasesReport['command'];
  readonly document: JsonReport;
}

/** Of check, conformance and replay. */
export interface CasesReport {
  readonly kind: 'cases';
  /** A text report of `conformance` ends as bpf_conformance's runner does. */
  readonly command: 'check' | 'conformance' | 'replay';
  /** Of the command line, as far as they decide how a case is judged. */
  readonly options?: readonly string[];
  readonly results: readonly CaseResult[];
  /** Of the same cases, where a report was asked for that shows them step by step; null for those it does not. */
  readonly explained?: readonly (Explained | null)[];
  /** The list of expected failures, if there is one. */
  readonly expected?: ExpectedList;
  /** Only for a part of a run. */
  readonly shard?: CasesShard;
}

export interface ReportOptions {
  readonly color: boolean;
  /** Of this tool, for formats that name it. */
  readonly version: string;
  /** What the page of an HTML report is drawn with; for no other. */
  readonly page?: PageAssets;
}

export type Reporter = (report: Report, options: ReportOptions) => string;
