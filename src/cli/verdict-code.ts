/** Exit codes of what ran; what could not be read or run has codes of its own. */
import { type CaseResult, summarise } from '../oracle/case.ts';
import type { StaleEntry } from '../oracle/expected-failures.ts';
import { corpusSummaryOf, type FuzzReport, fuzzSummary, isConfirmed } from '../report/fuzz-report.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';

/** Nothing ran unless at least one case came to a verdict on both machines. */
export function casesCode(
  results: readonly Pick<CaseResult, 'verdict' | 'expectedFailure'>[],
  stale: readonly StaleEntry[],
): ExitCode {
  const { agree, diverge, expectedFailures = 0 } = summarise(results);
  if (diverge > 0 || stale.length > 0) return EXIT.diverge;
  return agree + expectedFailures === 0 ? EXIT.nothing : EXIT.ok;
}

export function fuzzCode(report: FuzzReport): ExitCode {
  const saved = corpusSummaryOf(report);
  const made = fuzzSummary(report);
  const codes: ExitCode[] = report.failures.map(({ failure }) => {
    if (isConfirmed(failure)) return EXIT.diverge;
    return failure.confirmed === 'cannot run' ? EXIT.broken : EXIT.ok;
  });
  if (saved.diverge > 0) codes.push(EXIT.diverge);
  if (saved.agree + saved.diverge + made.agree + made.diverge === 0) codes.push(EXIT.nothing);
  return worst(codes);
}
