/** The kill matrix as findings: one for each broken JIT, and one for the unbroken one. */
import type { ControlCount, MutantRow } from '../fuzz/kill-matrix.ts';
import { type Finding, type FindingList, finding } from './finding.ts';
import { casesText, controlText, type MutantsReport, pointerText, totalsText } from './mutants-report.ts';
import { CONTROL_DIVERGES, MUTANT_LIVES } from './rules.ts';

export function mutantsFindings(report: MutantsReport): FindingList {
  const { rows, control, seconds } = report;
  return {
    title: 'bpf-oracle mutants',
    summary: totalsText(report),
    seconds,
    findings: [...rows.map(mutantFinding), ...controlFindings(control, controlText(report) ?? '')],
  };
}

function mutantFinding({
  name,
  breaks,
  source,
  killed,
  cases,
  localised,
  pointer,
  trials,
}: MutantRow): Finding {
  if (killed) {
    const where =
      pointer === null ? '' : `; ${localised ? 'points' : 'points wrongly'} at ${pointerText(pointer)}`;
    return finding(name, 'pass', { message: `killed after ${casesText(cases ?? 0)}${where}` });
  }
  const alive = trials.filter(({ kill }) => kill === null).map(({ seed }) => seed);
  return finding(name, 'fail', {
    rule: MUTANT_LIVES,
    message: `lives on seed ${alive.join(', ')}: ${breaks}`,
    detail: [`re-enacts: ${source}`],
    bucket: name,
  });
}

function controlFindings(control: ControlCount | null, message: string): Finding[] {
  if (control === null) return [];
  const { diverging } = control;
  return diverging.length === 0
    ? [finding('control', 'pass', { message })]
    : [finding('control', 'fail', { rule: CONTROL_DIVERGES, message, detail: diverging, bucket: 'control' })];
}
