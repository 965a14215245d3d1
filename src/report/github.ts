/**
 * Annotations of GitHub Actions: workflow commands on standard output, which the runner turns into marks on the
 * files of a pull request. Escaping is that of @actions/core (packages/core/src/command.ts), which the runner
 * undoes (ActionCommand.cs).
 */
import type { Finding, FindingList, FindingStatus } from './finding.ts';
import { visible } from './visible.ts';

/** GitHub keeps the first ten annotations of a level from a step, and drops the others without a word. */
const MAX_EACH = 10;

type Level = 'error' | 'warning' | 'notice';

/** What passed or was not run is not annotated: the step summary counts it. */
const LEVELS: Readonly<Record<FindingStatus, Level | null>> = {
  fail: 'error',
  error: 'error',
  unproven: 'warning',
  known: 'notice',
  skip: null,
  pass: null,
};

/** A workflow command a line, with a newline at its end. */
export function github({ findings, summary, title }: FindingList): string {
  const commands = (['error', 'warning', 'notice'] as const).flatMap((level) =>
    annotations(
      level,
      findings.filter(({ status }) => LEVELS[status] === level),
    ),
  );
  const end = command(nothingRan(findings) ? 'error' : 'notice', { title }, summary);
  return [...commands, end].map((line) => `${line}\n`).join('');
}

/** The same as exit code 4. */
const nothingRan = (findings: readonly Finding[]): boolean =>
  findings.every(({ status }) => status === 'skip' || status === 'unproven');

/** One of the ten is kept for the summary, and one for how many there are more. */
function annotations(level: Level, findings: readonly Finding[]): string[] {
  const fits = findings.length <= MAX_EACH - 1;
  const shown = fits ? findings : findings.slice(0, MAX_EACH - 2);
  const rest = findings.length - shown.length;
  return [
    ...shown.map((finding) => annotation(level, finding)),
    ...(rest === 0
      ? []
      : [command(level, {}, `${rest} more like these: GitHub shows ${MAX_EACH} of a step`)]),
  ];
}

function annotation(level: Level, { name, rule, message, detail, place }: Finding): string {
  const title = rule === null ? name : `${rule.title}: ${name}`;
  return command(
    level,
    { file: place?.source?.file ?? place?.file, line: place?.source?.line, title: visible(title) },
    [message, ...detail].map(visible).join('\n'),
  );
}

function command(
  name: Level,
  properties: Readonly<Record<string, string | number | undefined>>,
  text: string,
): string {
  const pairs = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(`${value}`)}`);
  return `::${name}${pairs.length === 0 ? '' : ` ${pairs.join(',')}`}::${escapeText(text)}`;
}

const percent = (char: string): string =>
  `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

const escapeText = (text: string): string => text.replace(/[%\r\n]/g, percent);

const escapeProperty = (text: string): string => text.replace(/[%\r\n:,]/g, percent);
