/** From results to reports and an exit code: what check, conformance and replay share. */
import { type CaseResult, summarise } from '../oracle/case.ts';
import { type ExpectedFailure, expectFailures, type StaleEntry } from '../oracle/expected-failures.ts';
import type { CasesReport } from '../report/reporter.ts';
import type { Context } from './context.ts';
import { readExpectedFailures, staleLine } from './expected-failures.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';
import type { ExpectOptions } from './options.ts';
import type { Targets } from './targets.ts';

/** What judging came to, and how it is to be told. */
export interface Outcomes {
  readonly results: readonly CaseResult[];
  /** Of what could not be read or run. */
  readonly exitCode: ExitCode;
}

/** Tells the results of `judge`. The list of expected failures is read first: a bad one judges nothing. */
export async function conclude(
  judge: () => Outcomes,
  { expectFailures: path }: ExpectOptions,
  { targets, command }: { readonly targets: Targets } & Pick<CasesReport, 'command'>,
  context: Context,
): Promise<void> {
  const list: readonly ExpectedFailure[] = path === undefined ? [] : readExpectedFailures(path);
  const judged = judge();
  const { results, stale: all } = expectFailures(judged.results, list);
  // Where the engine broke, what was not reached says nothing.
  const stale = all.filter(({ why }) => why !== 'absent' || judged.exitCode !== EXIT.broken);
  const expected = path === undefined ? {} : { expected: { file: path, listed: list.length, stale } };
  await targets.write({ kind: 'cases', command, results, ...expected }, context.io);
  for (const entry of stale) context.io.stderr(staleLine(path ?? '', entry));
  context.exitCode = worst([judged.exitCode, exitCodeOf(results, stale)]);
}

/** Nothing ran unless at least one case came to a verdict on both machines. */
function exitCodeOf(results: readonly CaseResult[], stale: readonly StaleEntry[]): ExitCode {
  const { agree, diverge, expectedFailures = 0 } = summarise(results);
  if (diverge > 0 || stale.length > 0) return EXIT.diverge;
  return agree + expectedFailures === 0 ? EXIT.nothing : EXIT.ok;
}
