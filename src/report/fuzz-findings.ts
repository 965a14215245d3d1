/** Reports of fuzz as findings: saved cases, each bucket of failures, and one for all cases that agree. */
import { formatPath } from '../fuzz/path.ts';
import { optionsText } from './again.ts';
import { caseFinding, guiltyText } from './case-findings.ts';
import { type Finding, type FindingList, finding } from './finding.ts';
import type { HostileRun } from './fuzz-hostile.ts';
import {
  type FuzzReport,
  fuzzSummary,
  isConfirmed,
  type ReportedFailure,
  unconfirmedReason,
} from './fuzz-report.ts';
import { FUZZ_FAILURE, INCONCLUSIVE, SKIPPED } from './rules.ts';
import { shardTitle } from './shard.ts';
import { verdictsLine } from './text.ts';
import { reasonText } from './words.ts';

export function fuzzFindings(report: FuzzReport): FindingList {
  const { state, seconds, corpus, failures, shard } = report;
  const { seed, digest, unjudged } = state;
  return {
    title: `bpf-oracle fuzz${shardTitle(shard)}`,
    summary: `seed ${seed}, digest ${digest}: ${verdictsLine(fuzzSummary(report))}`,
    seconds,
    findings: [
      ...corpus.map(({ result }) => caseFinding(result)),
      ...campaignFinding(report),
      ...failures.map((failure) => failureFinding(failure, report)),
      ...unjudged.map(({ path, verdict, reason }) => {
        const [status, rule] =
          verdict === 'skipped' ? (['skip', SKIPPED] as const) : (['unproven', INCONCLUSIVE] as const);
        const message = reason === null ? '' : reasonText(reason, { program: null, image: null });
        return finding(`seed ${seed} path ${formatPath(path)}`, status, { rule, message });
      }),
    ],
  };
}

/** Failures stand for themselves; without any, one finding stands for all the cases. */
function campaignFinding(report: FuzzReport): Finding[] {
  const { ran, agree, diverge } = fuzzSummary(report);
  if (diverge > 0) return [];
  const name = `campaign of seed ${report.state.seed}`;
  return [
    agree > 0
      ? finding(name, 'pass', { message: `${ran} ran, ${agree} agree` })
      : finding(name, 'skip', { rule: SKIPPED, message: 'no generated case came to a verdict' }),
  ];
}

function failureFinding({ failure, result, culprit: known }: ReportedFailure, report: FuzzReport): Finding {
  const { bucket, count, path, file, shrinks } = failure;
  const place = { file, source: null, pc: result?.culprit?.pc ?? null, subprog: null };
  const cases = count === 1 ? '1 case' : `${count} cases`;
  if (!isConfirmed(failure)) {
    const message = `${cases}; ${unconfirmedReason(failure)}`;
    return finding(bucket, 'unproven', { rule: INCONCLUSIVE, message, place, bucket });
  }
  const again = `bpf-oracle fuzz --seed ${report.state.seed} --path ${formatPath(path)}${optionsText(report, result)}`;
  const told = result === null ? null : caseFinding(result);
  const culprit = known == null ? [] : [guiltyText(known)];
  return finding(bucket, 'fail', {
    rule: FUZZ_FAILURE,
    message: [cases, ...(told === null ? culprit : [told.message])].join('; '),
    detail: [...(told?.detail ?? []), '', `again, shrunk ${shrinks} times: ${again}`],
    place: { ...place, source: told?.place?.source ?? null, subprog: told?.place?.subprog ?? null },
    bucket,
    steps: told?.steps ?? [],
  });
}

/** Nothing the hostile lane sees is a failure: that it came to its end is what it shows. */
export function hostileFindings({ seed, seconds, report }: HostileRun): FindingList {
  const { programs, valid, rules } = report;
  const summary = `seed ${seed}: ${programs} programs, ${valid} of them valid after all`;
  return {
    title: 'bpf-oracle fuzz --lane hostile',
    summary,
    seconds,
    findings: [...rules].map(([rule, ends]) => {
      const message = [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
      return finding(rule, 'pass', { message });
    }),
  };
}
