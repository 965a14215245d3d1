/** Runs the command `merge`. */
import { type MergedReport, merge, troubles } from '../report/merge.ts';
import type { Context } from './context.ts';
import { staleLine } from './expected-failures.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';
import { readReport } from './read-report.ts';
import type { Targets } from './targets.ts';
import { casesCode, fuzzCode } from './verdict-code.ts';

/** Exits as the whole run would have. Throws `input` errors for what are not all the parts of one run. */
export async function mergeFiles(
  files: readonly string[],
  targets: Targets,
  context: Context,
): Promise<void> {
  const documents = files.map((where) => ({ where, document: readReport(where) }));
  const report = merge(documents);
  await targets.write(report, context.io);
  if (report.kind === 'document') {
    const { file = '', stale = [] } = report.document.expectations ?? {};
    for (const entry of stale) context.io.stderr(staleLine(file, entry));
  }
  const known: readonly ExitCode[] = Object.values(EXIT);
  const codes = troubles(documents).flatMap((code) => known.filter((each) => each === code));
  context.exitCode = worst([...codes, codeOf(report)]);
}

function codeOf(report: MergedReport): ExitCode {
  if (report.kind === 'fuzz') return fuzzCode(report.fuzz);
  const { results, expectations } = report.document;
  return casesCode(results, expectations?.stale ?? []);
}
