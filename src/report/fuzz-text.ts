/** The text report of `fuzz`: coverage, numbers, each failure with its place, a summary at the end. */
import pc from 'picocolors';
import { formatPath } from '../fuzz/path.ts';
import { isTold } from '../oracle/case.ts';
import { optionsText, shellWord } from './again.ts';
import { failureBlock } from './failure.ts';
import { callGrid, opcodeGrid } from './fuzz-grid.ts';
import {
  corpusSummaryOf,
  type FuzzReport,
  fuzzSummary,
  isConfirmed,
  type ReportedFailure,
  unconfirmedReason,
} from './fuzz-report.ts';
import { laneLines } from './lane-words.ts';
import { shardTitle } from './shard.ts';
import { verdictsLine } from './text.ts';
import { vacuousText } from './vacuity.ts';
import { reasonText } from './words.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** The report as text, with a newline at its end. */
export function fuzzText(report: FuzzReport, { color }: { readonly color: boolean }): string {
  const { state, seconds, failures, shard } = report;
  const colors = pc.createColors(color);
  const summary = fuzzSummary(report);
  const { ran } = summary;
  const rate = ran / Math.max(seconds, 1e-3);
  return `${[
    ...(ran === 0 ? [] : [...callGrid(state.calls), '', ...opcodeGrid(state.opcodes), '']),
    ...corpusLines(report, colors),
    ...failures.flatMap((failure) => failureLines(failure, report, colors)),
    ...unjudgedLines(report, colors),
    ...(ran === 0 ? [] : [...laneLines(report), programsLine(report), vacuousText(state.vacuous, ran)]),
    `seed ${state.seed}${shardTitle(shard)}, digest ${state.digest}, ${seconds.toFixed(1)} s, ${rate.toFixed(0)} cases/s`,
    verdictsLine(summary),
  ].join('\n')}\n`;
}

function programsLine({ state: { statistics, summary } }: FuzzReport): string {
  const share = (n: number): string => `${((100 * n) / (summary.ran + summary.skipped)).toFixed(1)} %`;
  const ends = statistics.outcomes().map(([name, n]) => `${share(n)} ${name}`);
  const [insns, calls] = [statistics.insns(), statistics.calls()];
  return (
    `programs: ${ends.join(', ')}; they run ${insns.median} insns (median; mean ${insns.mean.toFixed(0)}) ` +
    `and make ${calls.median} calls (median; mean ${calls.mean.toFixed(1)})`
  );
}

/** Corpus cases that do not agree. */
function corpusLines(report: FuzzReport, colors: Colors): string[] {
  const lines = report.corpus.flatMap(({ path, result }) => {
    if (result.verdict === 'diverge')
      return [`${colors.red('diverge')}  ${path}`, ...failureBlock(result).map(indented), ''];
    if (result.verdict === 'agree' || isTold(result.reason?.kind)) return [];
    const why = result.reason === null ? '' : reasonText(result.reason, result);
    return [`${colors.yellow(result.verdict)}  ${path}  ${why}`];
  });
  const { ran, agree, skipped } = corpusSummaryOf(report);
  return ran + skipped === 0 ? [] : [...lines, `corpus: ${ran + skipped} cases, ${agree} agree`];
}

function failureLines({ failure, result }: ReportedFailure, report: FuzzReport, colors: Colors): string[] {
  const { bucket, count, path, file, shrinks, isMinimal } = failure;
  const cases = count === 1 ? '1 case' : `${count} cases`;
  const head = `${bucket}: ${cases}`;
  if (!isConfirmed(failure))
    return [`${colors.yellow('inconclusive')}  ${head}; ${unconfirmedReason(failure)}: ${file}`];
  const shrunk =
    shrinks === 0 ? 'not shrunk' : `shrunk ${shrinks} times${isMinimal ? '' : ', not to the end'}`;
  return [
    `${colors.red('diverge')}  ${head}; ${shrunk}: ${file}`,
    ...(result === null ? [] : failureBlock(result).map(indented)),
    indented(`why: bpf-oracle explain ${shellWord(file)}`),
    indented(`again: bpf-oracle replay ${shellWord(file)}`),
    indented(
      `or: bpf-oracle fuzz --seed ${report.state.seed} --path ${formatPath(path)}${optionsText(report, result)}`,
    ),
    '',
  ];
}

function unjudgedLines({ state }: FuzzReport, colors: Colors): string[] {
  return state.unjudged.map(({ path, verdict, reason }) => {
    const why = reason === null ? '' : reasonText(reason, { program: null, image: null });
    return `${colors.yellow(verdict)}  seed ${state.seed} path ${formatPath(path)}  ${why}`;
  });
}

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);
