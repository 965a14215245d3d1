/** The text report of results read back from documents: a line each, the differences under those that diverge. */
import pc from 'picocolors';
import { isTold } from '../oracle/case.ts';
import type { JsonResult } from './check-document.ts';
import type { DocumentReport, ReportOptions } from './reporter.ts';
import { table } from './table.ts';
import { endLine, MARK_COLORS, markOf } from './text.ts';

/** The report as text, with a newline at its end. What could not be read is only counted. */
export function documentText(
  { command, document }: DocumentReport,
  { color }: Pick<ReportOptions, 'color'>,
): string {
  const colors = pc.createColors(color);
  const shown = document.results.filter(({ reasonKind }) => !isTold(reasonKind));
  const rows = table(shown.map((result) => [markOf(result), result.name, detail(result)]));
  const lines = shown.flatMap((result, i) => {
    const mark = markOf(result);
    const row = colors[MARK_COLORS[mark]](mark) + (rows[i] ?? '').slice(mark.length);
    return mark === 'diverge' ? [row, ...differences(result), ''] : [row];
  });
  return `${[...lines, endLine(command, document.summary)].join('\n')}\n`;
}

function detail(result: JsonResult): string {
  const { reason, verdict, outcome, r0, insns, divergences, expectedFailure } = result;
  if (reason !== null) return reason;
  if (verdict === 'diverge') {
    const { divergenceCount: count = divergences.length } = result;
    const why = expectedFailure === undefined ? '' : `, as expected: ${expectedFailure}`;
    return `${count} ${count === 1 ? 'difference' : 'differences'}${why}`;
  }
  const end = r0 === null ? (outcome ?? '') : `r0 = ${r0}`;
  return insns === null ? end : `${end}, ${insns} ${insns === 1 ? 'insn' : 'insns'}`;
}

function differences({ divergences, culprit }: JsonResult): string[] {
  const rows = divergences.map(({ field, want, got }) => [field, want, got]);
  const place = culprit === undefined ? [] : ['', `> ${culprit.pc ?? culprit.stage}: ${culprit.insn ?? ''}`];
  return [...table([['what', 'want', 'got'], ...rows]), ...place].map((line) =>
    line === '' ? '' : `  ${line}`,
  );
}
