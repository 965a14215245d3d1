/** Reports that are not about cases, as the page shows them: a row for each finding. */
import { countStatuses, type Finding, type FindingList, type FindingStatus } from '../finding.ts';
import type { PageMark, PageRow } from './page-data.ts';
import { type Page, pageOf } from './page-report.ts';

const MARKS = {
  fail: 'diverge',
  known: 'expected',
  error: 'inconclusive',
  unproven: 'inconclusive',
  skip: 'skipped',
  pass: 'agree',
} as const satisfies Record<FindingStatus, PageMark>;

/** Of mutants, and of the hostile lane of fuzz. */
export function findingsPage({ title, summary, seconds, findings }: FindingList, version: string): Page {
  const { fail, known, error, unproven, skip, pass } = countStatuses(findings);
  const all = findings.length;
  return pageOf({
    command: title.replace(/^bpf-oracle /, ''),
    version,
    title: fail > 0 ? `${fail} of ${all} fail` : `None of ${all} ${all === 1 ? 'fails' : 'fail'}`,
    marks: [
      ['diverge', 'fail', fail],
      ['expected', 'fail as expected', known],
      ['inconclusive', 'unproven', error + unproven],
      ['skipped', 'skipped', skip],
      ['agree', 'pass', pass],
    ],
    facts: [...(seconds === null ? [] : [['time', `${seconds.toFixed(1)} s`] as const]), ['in all', summary]],
    coverage: null,
    rows: findings.map((finding) => ({ row: rowOf(finding), opened: null })),
  });
}

const rowOf = ({ name, status, message }: Finding): PageRow => ({
  mark: MARKS[status],
  name,
  what: message,
  culprit: null,
  differences: null,
  cases: null,
  hasDetail: false,
});
