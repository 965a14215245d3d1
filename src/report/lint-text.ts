/** The text report of `lint`: a block for each finding, a summary at the end. */
import pc from 'picocolors';
import type { Finding } from '../lint/finding.ts';
import { ruleOf } from '../lint/rules.ts';
import {
  isLinted,
  type LintedCode,
  type LintedProgram,
  lintSummaryLine,
  summariseLint,
} from './lint-report.ts';
import { findingMessage, pathLines, placeText } from './lint-words.ts';
import type { ReportOptions } from './reporter.ts';

/** With a newline at its end. */
export function lintText(
  programs: readonly LintedProgram[],
  { color }: Pick<ReportOptions, 'color'>,
): string {
  const colors = pc.createColors(color);
  const lines = programs.flatMap((linted) => {
    if (!isLinted(linted))
      return linted.kind === 'error' ? [] : [`${linted.name}: skipped: ${linted.why}`, ''];
    const blocks = linted.findings.flatMap((finding) => block(finding, linted, colors));
    const more = linted.total - linted.findings.length;
    return more === 0 ? blocks : [...blocks, `${linted.name}: … and ${more} more`, ''];
  });
  return `${[...lines, lintSummaryLine(summariseLint(programs))].join('\n')}\n`;
}

function block(
  finding: Finding,
  { name, program }: LintedCode,
  colors: ReturnType<typeof pc.createColors>,
): string[] {
  const { rule, path } = finding;
  return [
    `${name}: ${placeText(finding.pc, program)}`,
    `  ${colors.red(findingMessage(finding))} [${rule}]`,
    ...(program === null ? [] : pathLines(path, program)).map((line) => `  ${line}`),
    `  rule: ${ruleOf(rule).source}`,
    '',
  ];
}
