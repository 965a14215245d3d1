/** The text report: one line a case, a block under each divergence, a summary at the end. */
import pc from 'picocolors';
import { hex64 } from '../core/u64.ts';
import { type CaseResult, isTold, type Summary, summarise, type VerdictName } from '../oracle/case.ts';
import { explainCommand } from './again.ts';
import { failureBlock } from './failure.ts';
import type { CasesReport, ReportOptions } from './reporter.ts';
import { table } from './table.ts';
import { vacuityLines, vacuitySummary } from './vacuity.ts';
import { visible } from './visible.ts';
import { reasonText, stopText } from './words.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** First word of a case's line: its verdict, or that it diverges as it is known to. */
type Mark = VerdictName | 'expected';

export const MARK_COLORS = {
  agree: 'green',
  diverge: 'red',
  expected: 'yellow',
  inconclusive: 'yellow',
  skipped: 'dim',
} as const satisfies Record<Mark, keyof Colors>;

export const markOf = ({
  verdict,
  expectedFailure,
}: Pick<CaseResult, 'verdict' | 'expectedFailure'>): Mark =>
  expectedFailure === undefined ? verdict : 'expected';

/**
 * The report as text, with a newline at its end. What could not be read is only counted: it was told as an
 * error when it was met.
 */
export function textReport(
  { results, command, options }: CasesReport,
  { color }: Pick<ReportOptions, 'color'>,
): string {
  const colors = pc.createColors(color);
  const shown = results.filter(({ reason }) => !isTold(reason?.kind));
  if (shown.length === 0) return '';
  const rows = table(
    shown.map((result) => [markOf(result), ...[result.name, ...detail(result)].map(visible)]),
  );
  const lines = shown.flatMap((result, i) => {
    const mark = markOf(result);
    const row = colors[MARK_COLORS[mark]](mark) + (rows[i] ?? '').slice(mark.length);
    return [
      row,
      ...(mark === 'diverge' ? divergeLines(result, options) : vacuityLines(result)).map(indented),
    ];
  });
  return `${[...lines, ...vacuitySummary(results), endLine(command, summarise(results))].join('\n')}\n`;
}

function divergeLines(result: CaseResult, options: CasesReport['options']): string[] {
  const why = explainCommand(result, options);
  return [...failureBlock(result), ...(why === undefined ? [] : [`why: ${visible(why)}`]), ''];
}

/** The last line, as people of the command know it. */
export const endLine = (command: CasesReport['command'], summary: Summary): string =>
  command === 'conformance' ? conformanceLine(summary) : verdictsLine(summary);

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);

function detail(result: CaseResult): string[] {
  const { reason, want, verdict, divergenceCount, expectedFailure } = result;
  if (reason !== null) return [reasonText(reason, result)];
  if (verdict === 'diverge') {
    const why = expectedFailure === undefined ? '' : `, as expected: ${expectedFailure}`;
    const count = `${divergenceCount} ${divergenceCount === 1 ? 'difference' : 'differences'}`;
    const first = result.divergences[0]?.subject;
    const odd = first?.kind === 'engine' ? `engine ${first.engine} disagrees with ${first.counts}: ` : '';
    return [`${odd}${count}${why}`];
  }
  if (want === null) return [];
  const { outcome, insns } = want;
  const end = outcome.kind === 'exit' ? `r0 = ${hex64(outcome.r0)}` : stopText(outcome, insns ?? 0, result);
  return [insns === null ? end : `${end}, ${insns} ${insns === 1 ? 'insn' : 'insns'}`];
}

/** `12 ran: 9 agree, 1 diverge, 1 expected failure, 1 inconclusive; 2 skipped` */
export function verdictsLine({
  ran,
  agree,
  diverge,
  expectedFailures,
  inconclusive,
  skipped,
}: Summary): string {
  const expected = expectedText(expectedFailures);
  return `${ran} ran: ${agree} agree, ${diverge} diverge${expected}, ${inconclusive} inconclusive; ${skipped} skipped`;
}

/** `Passed 10 out of 12 tests, 1 expected failure, 2 skipped.` */
function conformanceLine({ ran, agree, expectedFailures, skipped }: Summary): string {
  return `Passed ${agree} out of ${ran} tests${expectedText(expectedFailures)}, ${skipped} skipped.`;
}

const expectedText = (count = 0): string =>
  count === 0 ? '' : `, ${count} expected ${count === 1 ? 'failure' : 'failures'}`;
