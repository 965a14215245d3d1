/** The text report of `mutants`: a row each, then the totals. */
import pc from 'picocolors';
import type { MutantRow } from '../fuzz/kill-matrix.ts';
import {
  casesText,
  controlText,
  type MutantsReport,
  pointerText,
  secondsText,
  totalsText,
  windowText,
  yesNo,
} from './mutants-report.ts';
import { table } from './table.ts';

/** The report as text, with a newline at its end. */
export function mutantsText(report: MutantsReport, { color }: { readonly color: boolean }): string {
  const colors = pc.createColors(color);
  const hasConformance = report.suites.conformance !== undefined;
  const head = [
    'mutant',
    'killed after',
    'time',
    'r0 alone',
    'sums',
    ...(hasConformance ? ['conformance'] : []),
    'right',
    'no map',
    'points at',
  ];
  const lines = table([head, ...report.rows.map(cellsOf)]);
  const control = controlText(report);
  const { seeds, runs, seconds, rows } = report;
  return `${[
    ...lines.map((line, i) => (i === 0 || rows[i - 1]?.killed === true ? line : colors.red(line))),
    '',
    `seeds ${seeds.join(', ')}, ${runs} cases each at the most, ${seconds.toFixed(1)} s`,
    ...(control === undefined ? [] : [control]),
    totalsText(report),
  ].join('\n')}\n`;
}

function cellsOf(row: MutantRow): string[] {
  const { name, killed, cases, seconds, r0Cases, localised, pointer, killedBy } = row;
  const { selftestSums, conformance } = killedBy;
  return [
    name,
    cases === null || !killed ? livesText(row) : casesText(cases),
    killed && seconds !== null ? secondsText(seconds) : '',
    r0Cases === null ? 'no' : casesText(r0Cases),
    yesNo(selftestSums),
    ...(conformance === undefined ? [] : [yesNo(conformance)]),
    yesNo(localised),
    windowText(row),
    pointer === null ? '' : pointerText(pointer),
  ];
}

function livesText({ trials }: MutantRow): string {
  const alive = trials.filter(({ kill }) => kill === null).map(({ seed }) => seed);
  return alive.length === trials.length ? 'lives' : `lives on seed ${alive.join(', ')}`;
}
