/** What the document of a part of a fuzz says for `merge`, and the report of the whole made of several. */

import type { LaneName } from '../core/lane-names.ts';
import type { CampaignState, Confirmation, Failure } from '../fuzz/campaign.ts';
import { MAX_UNJUDGED } from '../fuzz/campaign.ts';
import { type CampaignCounts, countsOf, sumCounts } from '../fuzz/campaign-counts.ts';
import { formatPath, parsePath } from '../fuzz/path.ts';
import type { Summary } from '../oracle/case.ts';
import type { JsonCulprit } from './check-document.ts';
import type { FuzzReport, ReportedFailure } from './fuzz-report.ts';
import { jsonCulprit } from './json.ts';
import type { ShardInfo } from './shard.ts';
import { reasonText } from './words.ts';

export interface FuzzShard extends ShardInfo {
  readonly counts: CampaignCounts;
  /** Those that could not be confirmed, too. */
  readonly failures: readonly ShardFailure[];
  readonly unjudged: readonly ShardUnjudged[];
}

export interface ShardFailure {
  readonly bucket: string;
  readonly cases: number;
  readonly path: string;
  readonly shrinks: number;
  readonly isMinimal: boolean;
  readonly file: string;
  readonly confirmed: Confirmation | null;
  readonly culprit: JsonCulprit | null;
}

export interface ShardUnjudged {
  readonly path: string;
  readonly verdict: 'inconclusive' | 'skipped';
  readonly reason: string | null;
}

/** One part of a campaign, as its document has it. */
export interface FuzzPart {
  readonly seed: number;
  readonly seconds: number;
  readonly corpus: Summary;
  readonly lanes?: readonly { readonly name: LaneName }[];
  readonly lanesLeftOut?: readonly { readonly name: LaneName; readonly why: string }[];
  readonly shard: FuzzShard;
}

export const fuzzShard = (info: ShardInfo, { state, failures }: FuzzReport): FuzzShard => ({
  ...info,
  counts: countsOf(state),
  failures: failures.map(({ failure, result }) => ({
    bucket: failure.bucket,
    cases: failure.count,
    path: formatPath(failure.path),
    shrinks: failure.shrinks,
    isMinimal: failure.isMinimal,
    file: failure.file,
    confirmed: failure.confirmed,
    culprit: result?.culprit == null ? null : jsonCulprit(result.culprit, result),
  })),
  unjudged: state.unjudged.map(({ path, verdict, reason }) => ({
    path: formatPath(path),
    verdict,
    reason: reason === null ? null : reasonText(reason, { program: null, image: null }),
  })),
});

/**
 * The report of the whole campaign. Seconds are those of the slowest part. Throws an `input` error for a path that
 * is none; `where` names the documents.
 */
export function mergeFuzz(parts: readonly FuzzPart[], where: string): FuzzReport {
  const failures = mergeFailures(parts, where);
  const unjudged = parts.flatMap(({ shard }) =>
    shard.unjudged.map(({ path, verdict, reason }) => ({
      path: parsePath(path, where),
      verdict,
      reason: reason === null ? null : ({ kind: 'file', why: reason } as const),
    })),
  );
  const state: CampaignState = {
    seed: parts[0]?.seed ?? 0,
    ...sumCounts(parts.map(({ shard }) => shard.counts)),
    failures: failures.map(({ failure }) => failure),
    unjudged: unjudged.sort((a, b) => a.path.index - b.path.index).slice(0, MAX_UNJUDGED),
  };
  return {
    state,
    seconds: Math.max(...parts.map(({ seconds }) => seconds)),
    ...mixOf(parts[0]),
    corpus: [],
    corpusSummary: parts.map(({ corpus }) => corpus).reduce(addSummaries),
    failures,
  };
}

/** All parts have the same. */
const mixOf = ({ lanes, lanesLeftOut: leftOut = [] }: Partial<FuzzPart> = {}): Pick<FuzzReport, 'mix'> =>
  lanes === undefined ? {} : { mix: { lanes: lanes.map(({ name }) => name), leftOut } };

/** Of a bucket, the first case of the campaign stands for it, in the order in which they come. */
function mergeFailures(parts: readonly FuzzPart[], where: string): ReportedFailure[] {
  const buckets = new Map<string, ReportedFailure>();
  const all = parts.flatMap(({ shard }) => shard.failures).map((told) => reported(told, where));
  for (const next of all.sort((a, b) => a.failure.path.index - b.failure.path.index)) {
    const { bucket, count } = next.failure;
    const known = buckets.get(bucket);
    if (known === undefined) buckets.set(bucket, next);
    else buckets.set(bucket, { ...known, failure: { ...known.failure, count: known.failure.count + count } });
  }
  return [...buckets.values()];
}

function reported({ cases, path, culprit, ...rest }: ShardFailure, where: string): ReportedFailure {
  const failure: Failure = { ...rest, count: cases, path: parsePath(path, where) };
  return { failure, result: null, culprit };
}

const addSummaries = (a: Summary, b: Summary): Summary => ({
  ran: a.ran + b.ran,
  agree: a.agree + b.agree,
  diverge: a.diverge + b.diverge,
  inconclusive: a.inconclusive + b.inconclusive,
  skipped: a.skipped + b.skipped,
});
