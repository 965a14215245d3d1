/** The page GitHub shows for a job: a section of Markdown, put at the end of the file $GITHUB_STEP_SUMMARY. */
import { countStatuses, type Finding, type FindingList, type FindingStatus } from './finding.ts';
import { visible } from './visible.ts';

/** GitHub takes 1 MiB a step; a block of a failure has up to 40 lines. */
const MAX_ROWS = 100;
const MAX_BLOCKS = 20;

const WORDS: Readonly<Record<FindingStatus, string>> = {
  fail: 'failed',
  error: 'not judged',
  unproven: 'inconclusive',
  known: 'expected failures',
  skip: 'skipped',
  pass: 'passed',
};

const ORDER = Object.keys(WORDS) as FindingStatus[];

/** As text, with a newline at its end. */
export function githubSummary({ title, summary, findings }: FindingList): string {
  const counts = countStatuses(findings);
  const told = ORDER.filter((status) => status !== 'pass' && status !== 'skip').flatMap((status) =>
    findings.filter((finding) => finding.status === status),
  );
  const shown = told.slice(0, MAX_ROWS);
  const blocks = shown.filter(({ detail }) => detail.length > 0).slice(0, MAX_BLOCKS);
  return `${[
    `## ${markdown(title)}`,
    '',
    markdown(summary),
    '',
    `| ${ORDER.map((status) => WORDS[status]).join(' | ')} |`,
    `|${'---:|'.repeat(ORDER.length)}`,
    `| ${ORDER.map((status) => counts[status]).join(' | ')} |`,
    '',
    ...(shown.length === 0 ? [] : ['| | what | where | found |', '|---|---|---|---|', ...shown.map(row), '']),
    ...(told.length === shown.length ? [] : [`… and ${told.length - shown.length} more`, '']),
    ...blocks.flatMap(block),
  ].join('\n')}\n`;
}

function row({ status, name, place, message }: Finding): string {
  const { file = '', source = null } = place ?? {};
  const where = source === null ? file : `${source.file}:${source.line}`;
  return `| ${WORDS[status]} | ${markdown(name)} | ${markdown(where)} | ${markdown(message)} |`;
}

const block = ({ name, detail }: Finding): string[] => [
  `<details><summary>${markdown(name)}</summary>`,
  '',
  `<pre>${detail.map(markdown).join('\n')}</pre>`,
  '</details>',
  '',
];

/** Every mark that Markdown or HTML could read something into, as a reference to its character. */
const markdown = (text: string): string =>
  visible(text).replace(/[^\p{L}\p{M}\p{N} .,;\-/()]/gu, (char) => `&#${char.codePointAt(0)};`);
