/** The JSON document of fuzz: schema `bpf-oracle/fuzz@1`. */
import { MAX_ARGS } from '../bpf/calling.ts';
import type { LaneName } from '../core/lane-names.ts';
import { CALLEE_KINDS, type CallCoverage, type CalleeKind } from '../fuzz/call-coverage.ts';
import type { OpcodeCoverage } from '../fuzz/opcode-coverage.ts';
import { formatPath } from '../fuzz/path.ts';
import type { Summary } from '../oracle/case.ts';
import type { VacuityCounts } from '../oracle/vacuity-count.ts';
import type { JsonCulprit } from './check-document.ts';
import {
  corpusSummaryOf,
  type FuzzReport,
  fuzzSummary,
  isConfirmed,
  type Pace,
  type ReportedFailure,
  unconfirmedReason,
} from './fuzz-report.ts';
import { type FuzzShard, fuzzShard } from './fuzz-shard.ts';
import { jsonCulprit } from './json.ts';
import { jsonText } from './json-text.ts';
import { type LaneRow, laneRows } from './lane-words.ts';
import { reasonText } from './words.ts';

export interface JsonFuzzReport {
  readonly schema: 'bpf-oracle/fuzz@1';
  readonly seed: number;
  /** Of all cases' bytes: the same for the same cases. */
  readonly digest: string;
  readonly summary: Summary;
  /** Of the saved cases that ran before. */
  readonly corpus: Summary;
  readonly seconds: number;
  readonly casesPerSecond: number;
  readonly pace?: readonly Pace[];
  readonly statistics: JsonStatistics;
  readonly coverage: JsonCoverage;
  readonly vacuous: VacuityCounts;
  /** Lanes in the mix with their shares and verdicts, and those left out of it. */
  readonly lanes?: readonly LaneRow[];
  readonly lanesLeftOut?: readonly { readonly name: LaneName; readonly why: string }[];
  readonly failures: readonly JsonFailure[];
  /** The first cases that proved nothing. */
  readonly inconclusive: readonly { readonly path: string; readonly reason: string | null }[];
  /** Only of a part of a campaign: what `merge` needs. */
  readonly shard?: FuzzShard;
}

export interface JsonStatistics {
  /** Cases by how the reference ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Percent of the cases that end in exit. */
  readonly exitPercent: number;
  /** BPF instructions run, and calls made, by a case. */
  readonly insns: { readonly median: number; readonly mean: number };
  readonly calls: { readonly median: number; readonly mean: number };
}

export interface JsonCoverage {
  /** Calls made, by number of arguments. */
  readonly arity: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<CalleeKind, number>>;
  readonly arityByCallee: Readonly<Record<CalleeKind, Readonly<Record<string, number>>>>;
  readonly opcodes: { readonly covered: number; readonly total: number; readonly missing: readonly string[] };
}

export interface JsonFailure {
  readonly seed: number;
  readonly path: string;
  readonly shrinks: number;
  readonly bucket: string;
  /** Cases in the bucket. */
  readonly cases: number;
  readonly file: string;
  readonly culprit: JsonCulprit | null;
}

/** The document as text, with a newline at its end. */
export function fuzzJson(report: FuzzReport): string {
  return jsonText(fuzzDocument(report));
}

function fuzzDocument(report: FuzzReport): JsonFuzzReport {
  const { state, seconds, pace, failures, shard } = report;
  const summary = fuzzSummary(report);
  return {
    schema: 'bpf-oracle/fuzz@1',
    seed: state.seed,
    digest: state.digest,
    summary,
    corpus: corpusSummaryOf(report),
    seconds,
    casesPerSecond: Math.round(summary.ran / Math.max(seconds, 1e-3)),
    ...(pace === undefined ? {} : { pace }),
    statistics: statisticsOf(report),
    coverage: coverageOf(state.calls, state.opcodes),
    vacuous: state.vacuous,
    ...(report.mix === undefined ? {} : { lanes: laneRows(report), lanesLeftOut: report.mix.leftOut }),
    failures: failures.filter(({ failure }) => isConfirmed(failure)).map((f) => failureOf(f, state.seed)),
    inconclusive: [
      ...failures.filter(({ failure }) => !isConfirmed(failure)).map(unconfirmedOf),
      ...state.unjudged.map(({ path, reason }) => ({
        path: formatPath(path),
        reason: reason === null ? null : reasonText(reason, { program: null, image: null }),
      })),
    ],
    ...(shard === undefined ? {} : { shard: fuzzShard(shard, report) }),
  };
}

const unconfirmedOf = ({ failure }: ReportedFailure) => ({
  path: formatPath(failure.path),
  reason: `${failure.bucket}: ${unconfirmedReason(failure)}`,
});

function failureOf({ failure, result, culprit: told = null }: ReportedFailure, seed: number): JsonFailure {
  const { path, shrinks, bucket, count, file } = failure;
  const culprit = result?.culprit ?? null;
  return {
    seed,
    path: formatPath(path),
    shrinks,
    bucket,
    cases: count,
    file,
    culprit: culprit === null || result === null ? told : jsonCulprit(culprit, result),
  };
}

function statisticsOf({ state: { statistics, summary } }: FuzzReport): JsonStatistics {
  const outcomes = statistics.outcomes();
  const exits = outcomes.find(([name]) => name === 'exit')?.[1] ?? 0;
  const cases = Math.max(1, summary.ran + summary.skipped);
  return {
    outcomes: Object.fromEntries(outcomes),
    exitPercent: Math.round((10_000 * exits) / cases) / 100,
    insns: rounded(statistics.insns()),
    calls: rounded(statistics.calls()),
  };
}

const rounded = ({ median, mean }: { readonly median: number; readonly mean: number }) => ({
  median,
  mean: Math.round(mean * 100) / 100,
});

function coverageOf(calls: CallCoverage, opcodes: OpcodeCoverage): JsonCoverage {
  const forms = opcodes.forms();
  const missing = forms.filter(({ count }) => count === 0).map(({ form }) => form.name);
  const byArity = (count: (args: number) => number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: MAX_ARGS + 1 }, (_, args) => [`${args}`, count(args)]));
  const byKind = <T>(of: (kind: CalleeKind) => T): Record<CalleeKind, T> => ({
    bpf: of('bpf'),
    kfunc: of('kfunc'),
    helper: of('helper'),
  });
  const arityByCallee = byKind((kind) => byArity((args) => calls.of(kind, args)));
  return {
    arity: byArity((args) => CALLEE_KINDS.reduce((sum, kind) => sum + calls.of(kind, args), 0)),
    calls: byKind((kind) => Object.values(arityByCallee[kind]).reduce((a, b) => a + b, 0)),
    arityByCallee,
    opcodes: { covered: forms.length - missing.length, total: forms.length, missing },
  };
}
