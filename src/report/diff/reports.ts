/** What differs between two reports, as a table of text, as JSON and as findings. */
import pc from 'picocolors';
import { type Finding, type FindingList, finding } from '../finding.ts';
import { jsonText } from '../json-text.ts';
import type { ReportOptions } from '../reporter.ts';
import { WORSE } from '../rules.ts';
import { table } from '../table.ts';
import type { Change, DiffReport, Effect } from './change.ts';

const ORDER: readonly Effect[] = ['worse', 'better', 'other'];
const COLORS = { worse: 'red', better: 'green', other: 'dim' } as const;
/** A value as wide as this is cut: memory has any length. */
const MAX_VALUE = 48;

/** A row a change, the worst first; with a newline at its end. */
export function diffText(report: DiffReport, { color }: Pick<ReportOptions, 'color'>): string {
  const colors = pc.createColors(color);
  const changes = sorted(report);
  const head = ['', 'what', 'name', 'field', 'before', 'after'];
  const [first = '', ...rows] = table([head, ...changes.map(cells)]);
  const lines = changes.map(({ effect }, i) => {
    const row = rows[i] ?? '';
    return colors[COLORS[effect]](effect) + row.slice(effect.length);
  });
  return `${[
    ...(changes.length === 0 ? [] : [first, ...lines, '']),
    ...rateLines(report),
    summaryLine(report),
  ].join('\n')}\n`;
}

const sorted = ({ changes }: DiffReport): Change[] =>
  ORDER.flatMap((effect) => changes.filter((change) => change.effect === effect));

function cells({ effect, subject, name, kind, field, before, after }: Change): string[] {
  return [effect, subject, name, field ?? kind, shown(before), shown(after)];
}

function shown(value: string | null): string {
  if (value === null || value === '') return '-';
  return value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;
}

function rateLines({ rate }: DiffReport): string[] {
  if (rate === null) return [];
  const { before, after } = rate;
  const percent =
    before === 0 ? '' : ` (${after >= before ? '+' : ''}${Math.round((100 * after) / before - 100)} %)`;
  return [`rate: ${before} to ${after} cases/s${percent}`];
}

/** `3 worse, 1 better, 4 other changes; 207 cases the same` */
function summaryLine(report: DiffReport): string {
  const { worse, better, other } = counts(report);
  const noun = other === 1 ? 'change' : 'changes';
  return `${worse} worse, ${better} better, ${other} other ${noun}; ${sameText(report)}`;
}

/** What is counted of a schema. */
const NOUNS: Readonly<Record<string, string>> = {
  'bpf-oracle/check@1': 'case',
  'bpf-oracle/fuzz@1': 'bucket',
  'bpf-oracle/mutants@1': 'mutant',
};

const sameText = ({ of, same }: DiffReport): string =>
  `${same} ${NOUNS[of] ?? 'thing'}${same === 1 ? '' : 's'} the same`;

function counts({ changes }: DiffReport): Record<Effect, number> {
  const count = { worse: 0, better: 0, other: 0 };
  for (const { effect } of changes) count[effect]++;
  return count;
}

/** The document of schema `bpf-oracle/diff@1`. */
export function diffJson(report: DiffReport): string {
  const { before, after, of, same, rate } = report;
  const summary = { ...counts(report), same };
  return jsonText({ schema: 'bpf-oracle/diff@1', of, before, after, summary, rate, changes: sorted(report) });
}

/** One for each change; what is not worse passes. */
export function diffFindings(report: DiffReport): FindingList {
  const changes = sorted(report).map(changeFinding);
  const none = finding('no change', 'pass', { message: sameText(report) });
  return {
    title: 'bpf-oracle diff',
    summary: summaryLine(report),
    seconds: null,
    findings: changes.length === 0 ? [none] : changes,
  };
}

function changeFinding({ effect, subject, name, kind, field, before, after, file }: Change): Finding {
  const message = `${field ?? kind}: ${shown(before)} to ${shown(after)}`;
  return finding(`${subject} ${name}: ${field ?? kind}`, effect === 'worse' ? 'fail' : 'pass', {
    rule: effect === 'worse' ? WORSE : null,
    message,
    place: file === undefined ? null : { file, source: null, pc: null, subprog: null },
    bucket: effect === 'worse' ? `${subject} ${name} ${field ?? kind}` : null,
  });
}
