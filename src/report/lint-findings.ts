/** What `lint` found, as findings of CI formats. */
import { type SourceLine, subprogAt } from '../bpf/program.ts';
import type { Finding as LintFinding, Stretch } from '../lint/finding.ts';
import { ruleOf } from '../lint/rules.ts';
import { type Finding, type FindingList, type FindingStep, finding } from './finding.ts';
import {
  isLinted,
  type LintedCode,
  type LintedProgram,
  lintSummaryLine,
  summariseLint,
} from './lint-report.ts';
import { lintRule } from './lint-rules.ts';
import { branchText, findingMessage, pathLines, placeText } from './lint-words.ts';
import { SKIPPED, UNREADABLE } from './rules.ts';

export function lintFindings(programs: readonly LintedProgram[]): FindingList {
  return {
    title: 'bpf-oracle lint',
    summary: lintSummaryLine(summariseLint(programs)),
    seconds: null,
    findings: programs.flatMap(programFindings),
  };
}

function programFindings(linted: LintedProgram): Finding[] {
  const { name, file } = linted;
  const place = { file, source: null, pc: null, subprog: null };
  if (!isLinted(linted)) {
    const [status, rule] =
      linted.kind === 'error' ? (['error', UNREADABLE] as const) : (['skip', SKIPPED] as const);
    return [finding(name, status, { rule, message: linted.why, place })];
  }
  if (linted.total === 0) return [finding(name, 'pass', { place })];
  const more = linted.total - linted.findings.length;
  return [
    ...linted.findings.map((found) => breachFinding(found, linted)),
    ...(more === 0 ? [] : [finding(name, 'fail', { message: `… and ${more} more`, place })]),
  ];
}

function breachFinding(found: LintFinding, { name, file, program }: LintedCode): Finding {
  const { rule, pc, path } = found;
  const subprog = program === null ? null : subprogAt(program, pc).name;
  return finding(`${name} ${placeText(pc, program)}`, 'fail', {
    rule: lintRule(rule),
    message: findingMessage(found),
    detail: [...(program === null ? [] : pathLines(path, program)), `rule: ${ruleOf(rule).source}`],
    place: { file, source: sourceAt(pc, program), pc, subprog },
    bucket: `${rule} ${pc}`,
    steps: program === null ? [] : path.toReversed().flatMap((stretch) => stepsOf(stretch, program)),
  });
}

function stepsOf(
  { from, branches, to }: Stretch,
  program: NonNullable<LintedCode['program']>,
): FindingStep[] {
  const step = (text: string, pc: number): FindingStep => ({ text, pc, source: sourceAt(pc, program) });
  return [
    ...(from === null ? [] : [step(placeText(from, program), from)]),
    ...branches.map((branch) => step(branchText(branch, program), branch.pc)),
    step(placeText(to, program), to),
  ];
}

const sourceAt = (pc: number, program: LintedCode['program']): SourceLine | null =>
  program?.lines?.[pc] ?? null;
