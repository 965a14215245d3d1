/** From a campaign to what the page shows: a row for each bucket, and for what was saved or proved nothing. */
import { formatPath } from '../../fuzz/path.ts';
import { foundSource, optionsText, readSource } from '../again.ts';
import {
  type FuzzReport,
  fuzzSummary,
  isConfirmed,
  type ReportedFailure,
  unconfirmedReason,
} from '../fuzz-report.ts';
import { laneLines } from '../lane-words.ts';
import { vacuousText } from '../vacuity.ts';
import { reasonText } from '../words.ts';
import { pageCoverage } from './coverage-data.ts';
import type { PageRow } from './page-data.ts';
import { endOf, type Page, pageOf, type RowCase, rowCase } from './page-report.ts';

export function fuzzPage(report: FuzzReport, version: string): Page {
  const { state, failures, corpus } = report;
  const summary = fuzzSummary(report);
  return pageOf({
    command: 'fuzz',
    version,
    ...endOf(summary),
    title: titleOf(endOf(summary).title, failures),
    facts: factsOf(report),
    coverage: summary.ran === 0 ? null : pageCoverage(state.calls, state.opcodes),
    rows: [
      ...failures.map((failure) => failureRow(failure, report)),
      ...corpus
        .filter(({ result }) => result.verdict !== 'agree')
        .map(({ result, explained = null }) =>
          rowCase(result, explained, readSource({ command: 'replay' }, result)),
        ),
      ...state.unjudged.map(({ path, verdict, reason }): RowCase => {
        const why = reason === null ? '' : reasonText(reason, { program: null, image: null });
        return {
          row: { ...NO_CASE, mark: verdict, name: `path ${formatPath(path)}`, what: why },
          opened: null,
        };
      }),
    ],
  });
}

/** Cases that diverge are many, what breaks them few. */
function titleOf(title: string, failures: FuzzReport['failures']): string {
  const found = failures.filter(({ failure }) => isConfirmed(failure)).length;
  return found === 0 ? title : `${title}: ${found} ${found === 1 ? 'failure' : 'failures'}`;
}

const NO_CASE = { culprit: null, differences: null, cases: null, hasDetail: false } as const;

function failureRow(reported: ReportedFailure, report: FuzzReport): RowCase {
  const { failure, result, explained = null, culprit } = reported;
  const { bucket, count, file, shrinks, isMinimal } = failure;
  const named: Pick<PageRow, 'name' | 'cases'> = { name: bucket, cases: count };
  if (!isConfirmed(failure)) {
    const what = `${unconfirmedReason(failure)}: ${file}`;
    return { row: { ...NO_CASE, ...named, mark: 'inconclusive', what }, opened: null };
  }
  if (result === null)
    return {
      row: { ...NO_CASE, ...named, mark: 'diverge', what: file, culprit: culprit?.insn ?? null },
      opened: null,
    };
  const { row, opened } = rowCase(
    result,
    explained,
    foundSource(failure, report.state.seed, optionsText(report, result)),
  );
  const shrunk = shrinks === 0 ? 'not at all' : `${shrinks} times${isMinimal ? '' : ', not to the end'}`;
  const facts = opened === null ? [] : [['shrunk', shrunk] as const, ...opened.facts];
  return { row: { ...row, ...named }, opened: opened === null ? null : { ...opened, facts } };
}

function factsOf(report: FuzzReport): [string, string][] {
  const { state, seconds, corpus } = report;
  const { seed, digest, statistics, summary } = state;
  const [insns, calls] = [statistics.insns(), statistics.calls()];
  const rate = summary.ran / Math.max(seconds, 1e-3);
  const facts: [string, string][] = [
    ['seed', `${seed}`],
    ['digest', digest],
    ['time', `${seconds.toFixed(1)} s`],
    ['cases per second', rate.toFixed(0)],
    ['instructions a case runs', `${insns.median} (median)`],
    ['calls', `${calls.median} (median)`],
  ];
  if (summary.ran > 0)
    facts.push(['vacuous', vacuousText(state.vacuous, summary.ran).replace(/^vacuous: /, '')]);
  for (const line of laneLines(report)) {
    const [, name = '', words = ''] = /^(lane \S+): (.*)$/.exec(line) ?? [];
    facts.push([name, words]);
  }
  if (corpus.length > 0) {
    const agree = corpus.filter(({ result }) => result.verdict === 'agree').length;
    facts.push(['saved cases', `${agree} of ${corpus.length} agree`]);
  }
  return facts;
}
