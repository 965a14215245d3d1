/** What a reporter is: it makes one document of all results. */
import type { CaseResult } from '../oracle/case.ts';

export interface ReportOptions {
  readonly color: boolean;
  /** How the text report ends: counts of verdicts, or the line of bpf_conformance's runner. */
  readonly summary: 'verdicts' | 'conformance';
}

export type Reporter = (results: readonly CaseResult[], options: ReportOptions) => string;
