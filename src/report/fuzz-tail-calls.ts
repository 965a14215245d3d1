/** What `fuzz --lane tail-calls` saw, as text, as JSON and as findings. */
import type { TailCallFailure, TailCallRun } from '../fuzz/tail-calls.ts';
import { caseFinding } from './case-findings.ts';
import { failureBlock } from './failure.ts';
import { type FindingList, finding } from './finding.ts';
import { jsonResult } from './json.ts';
import { jsonText } from './json-text.ts';
import { SKIPPED } from './rules.ts';

const LANE = 'tail-calls';

const againText = ({ seed, options }: TailCallRun, { index }: TailCallFailure): string =>
  ['bpf-oracle fuzz --lane', LANE, '--seed', seed, '--path', index, ...options].join(' ');

function summaryText({ seed, report }: TailCallRun): string {
  const { agree, diverge, inconclusive, skipped } = report.verdicts;
  return `seed ${seed}: ${report.programs - skipped} ran: ${agree} agree, ${diverge} diverge, ${inconclusive} inconclusive; ${skipped} skipped`;
}

/** As text, with a newline at its end. */
export function tailCallText(run: TailCallRun): string {
  const { seconds, report } = run;
  const blocks = report.failures.map((failure) => [
    `diverge  ${failure.result.name}, shrunk ${failure.shrinks} times`,
    ...failureBlock(failure.result).map((line) => `  ${line}`),
    `  again: ${againText(run, failure)}`,
    '',
  ]);
  return `${[...blocks.flat(), `programs with tail calls, ${seconds.toFixed(1)} s`, summaryText(run)].join('\n')}\n`;
}

/** The JSON document: schema `bpf-oracle/fuzz@1` with the lane's numbers. */
export function tailCallJson(run: TailCallRun): string {
  const { seed, seconds, report } = run;
  const { programs, verdicts, failures } = report;
  return jsonText({
    schema: 'bpf-oracle/fuzz@1',
    lane: LANE,
    seed,
    seconds,
    casesPerSecond: Math.round(programs / Math.max(seconds, 1e-3)),
    summary: { ran: programs - verdicts.skipped, ...verdicts },
    failures: failures.map((failure) => ({
      seed,
      path: `${failure.index}`,
      shrinks: failure.shrinks,
      again: againText(run, failure),
      result: jsonResult(failure.result),
    })),
  });
}

/** A finding for each failure; without any, one for all programs. */
export function tailCallFindings(run: TailCallRun): FindingList {
  const { seed, seconds, report } = run;
  const name = `tail calls of seed ${seed}`;
  const all =
    report.verdicts.agree > 0
      ? finding(name, 'pass', { message: summaryText(run) })
      : finding(name, 'skip', { rule: SKIPPED, message: 'no generated case came to a verdict' });
  return {
    title: `bpf-oracle fuzz --lane ${LANE}`,
    summary: summaryText(run),
    seconds,
    findings: report.failures.length > 0 ? report.failures.map(({ result }) => caseFinding(result)) : [all],
  };
}
