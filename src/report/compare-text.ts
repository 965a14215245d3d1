/** The report of `compare` as text, and as JSON: schema `bpf-oracle/compare@1`. */
import type { CompareReport, OddRow } from './compare-report.ts';
import { jsonText } from './json-text.ts';
import { table } from './table.ts';

/** A row for each machine, a row for each class of input on which somebody stands alone, a summary at the end. */
export function compareText({ cases, compared, voters, odd }: CompareReport): string {
  const machines = table([
    ['machine', 'as interpreter', 'otherwise', 'inconclusive', 'skipped'],
    ...voters.map(({ name, counts }) => {
      const { agree, diverge, inconclusive, skipped } = counts;
      return [name, ...[agree, diverge, inconclusive, skipped].map(String)];
    }),
  ]);
  const rows = table([
    ['stands alone', 'on', 'cases', 'first'],
    ...odd.map((row) => [partiesText(row), row.bucket, String(row.cases), row.first]),
  ]);
  const sum = odd.reduce((total, row) => total + row.cases, 0);
  const end = `${cases} ${cases === 1 ? 'case' : 'cases'}: ${compared} compared, ${sum} ${sum === 1 ? 'disagreement' : 'disagreements'} in ${odd.length} ${odd.length === 1 ? 'class' : 'classes'}`;
  return `${[...machines, '', ...(odd.length === 0 ? [] : [...rows, '']), end].join('\n')}\n`;
}

const partiesText = ({ kind, parties }: OddRow): string =>
  kind === 'alone' ? parties.join(', ') : `(no majority) ${parties.join(' against ')}`;

/** The document, with a newline at its end. */
export const compareJson = ({ cases, compared, voters, odd }: CompareReport): string =>
  jsonText({
    schema: 'bpf-oracle/compare@1',
    cases,
    compared,
    machines: voters.map(({ name, jit, engine, counts }) => ({ name, jit, engine, ...counts })),
    disagreements: odd,
  });
