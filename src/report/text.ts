/** The text report: one line a case, a block under each divergence, a summary at the end. */
import pc from 'picocolors';
import { hex64 } from '../core/u64.ts';
import { type CaseResult, type Summary, summarise, type VerdictName } from '../oracle/case.ts';
import { failureBlock } from './failure.ts';
import type { ReportOptions } from './reporter.ts';
import { table } from './table.ts';
import { reasonText, stopText } from './words.ts';

type Colors = ReturnType<typeof pc.createColors>;

const VERDICT_COLORS = {
  agree: 'green',
  diverge: 'red',
  inconclusive: 'yellow',
  skipped: 'dim',
} as const satisfies Record<VerdictName, keyof Colors>;

/**
 * The report as text, with a newline at its end. What could not be read is only counted: it was told as an
 * error when it was met.
 */
export function textReport(results: readonly CaseResult[], { color, summary }: ReportOptions): string {
  const colors = pc.createColors(color);
  const shown = results.filter(({ reason }) => reason?.kind !== 'bad-input' && reason?.kind !== 'failed');
  if (shown.length === 0) return '';
  const rows = table(shown.map((result) => [result.verdict, result.name, ...detail(result)]));
  const lines = shown.flatMap((result, i) => {
    const { verdict } = result;
    const row = colors[VERDICT_COLORS[verdict]](verdict) + (rows[i] ?? '').slice(verdict.length);
    return verdict === 'diverge' ? [row, ...failureBlock(result).map(indented), ''] : [row];
  });
  const end = summary === 'conformance' ? conformanceLine : verdictsLine;
  return `${[...lines, end(summarise(results))].join('\n')}\n`;
}

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);

function detail(result: CaseResult): string[] {
  const { reason, want, verdict, divergenceCount } = result;
  if (reason !== null) return [reasonText(reason, result)];
  if (verdict === 'diverge')
    return [`${divergenceCount} ${divergenceCount === 1 ? 'difference' : 'differences'}`];
  if (want === null) return [];
  const { outcome, insns } = want;
  const end = outcome.kind === 'exit' ? `r0 = ${hex64(outcome.r0)}` : stopText(outcome, insns ?? 0, result);
  return [insns === null ? end : `${end}, ${insns} ${insns === 1 ? 'insn' : 'insns'}`];
}

/** `12 ran: 10 agree, 1 diverge, 1 inconclusive; 2 skipped` */
function verdictsLine({ ran, agree, diverge, inconclusive, skipped }: Summary): string {
  return `${ran} ran: ${agree} agree, ${diverge} diverge, ${inconclusive} inconclusive; ${skipped} skipped`;
}

/** `Passed 10 out of 12 tests, 2 skipped.` */
function conformanceLine({ ran, agree, skipped }: Summary): string {
  return `Passed ${agree} out of ${ran} tests, ${skipped} skipped.`;
}
