/** From what a command found to what the page shows. */
import { type CaseResult, type Summary, summarise } from '../../oracle/case.ts';
import type { ExpectedList } from '../../oracle/expected-failures.ts';
import type { Explained } from '../../oracle/explained.ts';
import { type VacuityCounts, vacuityOfAll } from '../../oracle/vacuity-count.ts';
import { readSource } from '../again.ts';
import type { CaseSource } from '../explain/explanation.ts';
import type { CasesReport } from '../reporter.ts';
import { vacuousText } from '../vacuity.ts';
import { pageCase, pageRow } from './case-data.ts';
import { coverageOf } from './coverage-data.ts';
import type { PageCase, PageReport, PageRow } from './page-data.ts';

/** The page, and those of its rows that can be opened, by index. */
export interface Page {
  readonly report: PageReport;
  readonly cases: ReadonlyMap<number, PageCase>;
}

/** A row, and the case behind it. */
export interface RowCase {
  readonly row: PageRow;
  readonly opened: PageCase | null;
}

/** Of check, conformance and replay. */
export function casesPage(report: CasesReport, version: string): Page {
  const { command, results, expected, explained } = report;
  return pageOf({
    command,
    version,
    ...endOf(summarise(results)),
    facts: [...expectedFacts(expected), ...vacuityFacts(vacuityOfAll(results))],
    coverage: coverageOf(results),
    rows: results.map((result, i) => rowCase(result, explained?.[i] ?? null, readSource(report, result))),
  });
}

/** Of explain: one case, which it begins with if there is more to show of it. */
export function explainedPage(explained: Explained, source: CaseSource, version: string): Page {
  const { result } = explained;
  const row = rowCase(result, explained, source);
  return pageOf({
    command: 'explain',
    version,
    ...endOf(summarise([result])),
    facts: vacuityFacts(vacuityOfAll([result])),
    coverage: coverageOf([result]),
    rows: [row],
    ...(row.opened === null ? {} : { opens: 0 }),
  });
}

/** A result's row; only of what diverges there is more to show. */
export function rowCase(result: CaseResult, explained: Explained | null, source: CaseSource): RowCase {
  const row = pageRow(result);
  return { row, opened: row.hasDetail ? pageCase(result, explained, source) : null };
}

export function pageOf({ rows, ...report }: Omit<PageReport, 'rows'> & { readonly rows: RowCase[] }): Page {
  return {
    report: { ...report, rows: rows.map(({ row }) => row) },
    cases: new Map(rows.flatMap(({ opened }, i) => (opened === null ? [] : [[i, opened]]))),
  };
}

/** How a run ended, in a sentence and in numbers. */
export function endOf(summary: Summary): Pick<PageReport, 'title' | 'marks'> {
  const { diverge, expectedFailures = 0, inconclusive, skipped, agree } = summary;
  const expected = [['expected', 'diverge as expected', expectedFailures]] as const;
  return {
    title: sentence(summary),
    marks: [
      ['diverge', 'diverge', diverge],
      ...(expectedFailures === 0 ? [] : expected),
      ['inconclusive', 'inconclusive', inconclusive],
      ['skipped', 'skipped', skipped],
      ['agree', 'agree', agree],
    ],
  };
}

function sentence({ ran, diverge, expectedFailures = 0, inconclusive, skipped }: Summary): string {
  const cases = `${count(ran)} ${ran === 1 ? 'case' : 'cases'}`;
  if (diverge > 0) return `${count(diverge)} of ${cases} ${diverge === 1 ? 'diverges' : 'diverge'}`;
  if (ran === 0) return skipped === 0 ? 'Nothing ran' : 'Nothing ran: every case was skipped';
  if (inconclusive === ran) return 'No case came to a verdict';
  if (expectedFailures > 0) return `No divergence in ${cases} but those expected`;
  if (inconclusive > 0) return `No divergence in ${cases}`;
  return ran === 1 ? 'The one case agrees' : `All ${cases} agree`;
}

const count = (n: number): string => n.toLocaleString('en');

/** Of a list of expected failures, if there is one. */
export function expectedFacts(expected: ExpectedList | undefined): [string, string][] {
  if (expected === undefined) return [];
  const { listed, stale } = expected;
  const facts: [string, string][] = [['expected failures listed', `${listed}`]];
  if (stale.length > 0) facts.push(['that do not hold', stale.map(({ name }) => name).join(', ')]);
  return facts;
}

/** Of the calls of all cases; none where no case has any. */
export function vacuityFacts(counts: VacuityCounts | null): [string, string][] {
  if (counts === null) return [];
  const text = vacuousText(counts, counts.noCall + counts.sampled);
  return [['vacuous', text.replace(/^vacuous: /, '')]];
}
