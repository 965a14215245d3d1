/** The kill matrix as a section of a Markdown document. */
import type { MutantRow } from '../fuzz/kill-matrix.ts';
import { code, markdownTable, withSection } from './markdown.ts';
import {
  controlText,
  type MutantsReport,
  pointerText,
  totalsText,
  windowText,
  yesNo,
} from './mutants-report.ts';

/**
 * The document with the section put in: in the place of an old one, else at the end. `document`: empty for a
 * new one.
 */
export function withMutantsMarkdown(document: string, report: MutantsReport): string {
  return withSection(document, 'Power: what the oracle sees, and who else would have', {
    begin: '<!-- kill matrix: made by `bpf-oracle mutants --markdown`; what is changed here is lost -->',
    end: '<!-- end of the kill matrix -->',
    body: sectionOf(report),
  });
}

function sectionOf(report: MutantsReport): string {
  const control = controlText(report);
  return [
    '## Kill matrix',
    '',
    ...introduction(report),
    '',
    `${totalsText(report)}.`,
    ...(control === undefined ? [] : ['', `${capital(control)}.`]),
    '',
    'Made by:',
    '',
    '```',
    report.command,
    '```',
    '',
    ...tableOf(report),
    '',
    '### What each one breaks, and the bug it re-enacts',
    '',
    ...markdownTable([
      ['mutant', 'breaks', 'source'],
      ...report.rows.map(({ name, breaks, source }) => [code(name), breaks, source]),
    ]),
  ].join('\n');
}

function introduction({ seeds, runs, suites }: MutantsReport): string[] {
  const list = seeds.join(', ');
  return [
    'Each mutant is the built-in JIT with one bug that a JIT really had, or that the layout of stack arguments invites.',
    `It runs on the cases that \`fuzz\` makes of the seeds ${list}, up to ${runs} of each; those of tail calls on the cases`,
    'of `fuzz --lane tail-calls`, whose functions return the same under both r0 columns, and so on for each lane. Those',
    'whose names begin with v3 or reply break the JIT of that convention, all others that of linux. It counts as killed',
    'if the oracle sees a difference on every seed; cases and seconds (making the cases included) are medians over the',
    'seeds. *Right* says that localisation points at the guilty instruction on most of them; *no map*, how many',
    'instructions ran in the window that it names if the image has no pc map, and that the guilty one is among them on',
    'most of them. The other columns say who else would have seen it:',
    '',
    '- **r0**: the same cases, but only r0 and the way a run ends are compared: cases until they differ (median over',
    '  the seeds where they do). r0 alone counts as missing a mutant if on no seed it differs in the cases in which the',
    '  whole oracle has killed it: with the same work, it has seen nothing. The totals also say how many it misses in',
    '  ten times those cases and in all. That it misses few in all is the doing of these cases: each function mixes its',
    '  registers into r0 by position, so that what goes wrong comes out there sooner or later. Fuzzers of other JITs',
    '  return what r0 holds in the end; the last of these totals is about the same cases without the mixing.',
    `- **sums**: ${suites.selftestSums} programs in the shape of Linux's own tests of stack arguments, which return`,
    '  plain sums of small consecutive numbers, judged by the r0 they state.',
    ...(suites.conformance === undefined
      ? []
      : [`- **conformance**: ${suites.conformance} tests of bpf_conformance, judged by the r0 they state.`]),
  ];
}

function tableOf({ rows, suites }: MutantsReport): string[] {
  const extra = suites.conformance === undefined ? [] : ['conformance'];
  const head = ['mutant', 'cases', 'seconds', 'r0', 'sums', ...extra, 'right', 'no map', 'points at'];
  return markdownTable([head, ...rows.map(cellsOf)]);
}

function cellsOf(row: MutantRow): string[] {
  const { name, killed, cases, seconds, r0Cases, localised, pointer, killedBy } = row;
  const { selftestSums, conformance } = killedBy;
  return [
    code(name),
    killed && cases !== null ? `${cases}` : '**lives**',
    killed && seconds !== null ? seconds.toFixed(3) : '',
    r0Cases === null ? 'no' : `${r0Cases}`,
    yesNo(selftestSums),
    ...(conformance === undefined ? [] : [yesNo(conformance)]),
    yesNo(localised),
    windowText(row),
    pointer === null ? '' : code(pointerText(pointer)),
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
