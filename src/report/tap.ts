/**
 * TAP 14 (testanything.org) with the directives of the kernel's KTAP (Documentation/dev-tools/ktap.rst): SKIP for
 * what did not run or proves nothing, XFAIL for what fails as expected, which plain TAP takes for a remark.
 */
import type { Finding, FindingList } from './finding.ts';
import { visible } from './visible.ts';

/** The document as text, with a newline at its end. */
export function tap({ findings, summary }: FindingList): string {
  return `${[
    'TAP version 14',
    findings.length === 0 ? '1..0 # SKIP nothing ran' : `1..${findings.length}`,
    ...findings.flatMap((finding, i) => point(finding, i + 1)),
    `# ${visible(summary)}`,
  ].join('\n')}\n`;
}

function point(finding: Finding, number: number): string[] {
  const { name, status, message } = finding;
  const description = `${number} - ${tapText(name)}`;
  switch (status) {
    case 'pass':
      return [`ok ${description}`];
    case 'skip':
      return [`ok ${description} # SKIP ${tapText(message)}`];
    case 'unproven':
      return [`ok ${description} # SKIP inconclusive: ${tapText(message)}`];
    case 'known':
      return [`ok ${description} # XFAIL ${tapText(message)}`];
    case 'fail':
    case 'error':
      return [`not ok ${description}`, ...diagnostics(finding)];
  }
}

/** A block of YAML. Strings are written as in JSON, which YAML reads as it is. */
function diagnostics({ status, rule, message, detail, place }: Finding): string[] {
  return [
    '---',
    `message: ${quoted(message)}`,
    `severity: ${status}`,
    ...(rule === null ? [] : [`rule: ${quoted(rule.id)}`]),
    ...(place === null ? [] : ['at:', ...placeLines(place)]),
    ...(detail.length === 0 ? [] : ['detail:', ...detail.map((line) => `  - ${quoted(line)}`)]),
    '...',
  ].map((line) => `  ${line}`);
}

const placeLines = ({ file, source, pc }: NonNullable<Finding['place']>): string[] => [
  `  file: ${quoted(file)}`,
  ...(source === null ? [] : [`  source: ${quoted(`${source.file}:${source.line}`)}`]),
  ...(pc === null ? [] : [`  insn: ${pc}`]),
];

const quoted = (text: string): string => JSON.stringify(visible(text));

/** For descriptions and reasons: `#` would start a directive. */
const tapText = (text: string): string => visible(text).replace(/[\\#]/g, '\\$&').trim();
