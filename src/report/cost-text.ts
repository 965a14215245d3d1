/** The text report of `cost`. */
import { type ConventionCost, type CostReport, callLabel, type FramePicture } from './cost-report.ts';
import { type CostSection, costText, programSection, tableSections } from './cost-sections.ts';
import { verdictLines, verdictRows, verdicts } from './cost-verdict.ts';
import { pictureLines, pictureNotes } from './frame-picture.ts';
import { table } from './table.ts';

export interface CostTextOptions {
  /** Whether frames of a program are drawn, too. */
  readonly frames: boolean;
}

export function costReportText(report: CostReport, { frames }: CostTextOptions): string {
  const blocks = report.kind === 'table' ? tableBlocks(report) : programBlocks(report, frames);
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function tableBlocks(report: Extract<CostReport, { kind: 'table' }>): string[][] {
  return [
    ...tableSections(report).map(sectionLines),
    ...report.frames.map((frame) => [`Frame under ${frame.convention}`, ...pictureBlock(frame)]),
    ['Verdict', ...table(verdictRows(verdicts(report))), '', ...verdictLines(report)],
  ];
}

const sectionLines = ({ title, note, rows }: CostSection): string[] => [title, note, '', ...table(rows)];

const pictureBlock = (frame: FramePicture): string[] => [...pictureLines(frame), pictureNotes(frame)];

function programBlocks(report: Extract<CostReport, { kind: 'program' }>, frames: boolean): string[][] {
  const { name, conventions, refused } = report;
  return [
    [name],
    ...conventions.flatMap((each) => [
      [...sectionLines(programSection(each)), ...(each.notRun === null ? [] : [`not run: ${each.notRun}`])],
      ...callBlock(report, each),
      ...(frames ? each.frames.map((frame) => [frame.name, ...pictureBlock(frame)]) : []),
    ]),
    ...refused.map(({ convention, why }) => [`${convention}: refused`, why]),
  ];
}

/** Calls that pass stack arguments. */
function callBlock(
  { calls }: Extract<CostReport, { kind: 'program' }>,
  { calls: costs }: ConventionCost,
): string[][] {
  const passing = costs.flatMap((cost, i) => {
    const { stackArgs, before, after, runs } = cost;
    if (stackArgs === 0) return [];
    const label = callLabel(calls[i]);
    return [
      [
        label,
        stackArgs === null ? '?' : `${stackArgs}`,
        costText(before),
        costText(after),
        runs === null ? '' : `${runs}`,
      ],
    ];
  });
  if (passing.length === 0) return [];
  return [table([['call', 'stack arguments', 'before', 'after', 'ran'], ...passing])];
}
