/** What a report of `fuzz` is made of. */
import type { LaneName } from '../core/lane-names.ts';
import type { CampaignState, Failure } from '../fuzz/campaign.ts';
import { type CaseResult, type Summary, summarise } from '../oracle/case.ts';
import type { Explained } from '../oracle/explained.ts';
import type { JsonCulprit } from './check-document.ts';
import type { ShardInfo } from './shard.ts';

/** A saved case that ran before the campaign. */
export interface CorpusCase {
  readonly path: string;
  readonly result: CaseResult;
  /** Step by step, if a report asks for it. */
  readonly explained?: Explained | null;
}

/** A failure with the result of its saved case; null if it could not be read again. */
export interface ReportedFailure {
  readonly failure: Failure;
  readonly result: CaseResult | null;
  /** As the document of a part told it, where no result is at hand. */
  readonly culprit?: JsonCulprit | null;
  /** Step by step, if a report asks for it. */
  readonly explained?: Explained | null;
}

/** After how many seconds so many cases had run. */
export interface Pace {
  readonly cases: number;
  readonly seconds: number;
}

export interface FuzzReport {
  readonly state: CampaignState;
  /** Of the campaign, without its corpus. */
  readonly seconds: number;
  /** Now and then, twice as many cases each time; absent of several parts. */
  readonly pace?: readonly Pace[];
  readonly corpus: readonly CorpusCase[];
  /** Counts of the saved cases, where no results are at hand. */
  readonly corpusSummary?: Summary;
  readonly failures: readonly ReportedFailure[];
  /** Lanes the cases are of, and those that JIT or convention do not take; absent where the mix is not known. */
  readonly mix?: {
    readonly lanes: readonly LaneName[];
    readonly leftOut: readonly { readonly name: LaneName; readonly why: string }[];
  };
  /** Options that the cases and their runs depend on, as they are typed; absent where they are not known. */
  readonly options?: readonly string[];
  /** Only for a part of a campaign. */
  readonly shard?: ShardInfo;
}

/** Counts of the saved cases. */
export const corpusSummaryOf = ({ corpus, corpusSummary }: FuzzReport): Summary =>
  corpusSummary ?? summarise(corpus.map(({ result }) => result));

/** Only what a fresh process reproduces speaks against the JIT; without a try, what was seen counts. */
export const isConfirmed = ({ confirmed }: Failure): boolean =>
  confirmed === 'diverges' || confirmed === null;

/** Counts in which what could not be reproduced is inconclusive. */
export function fuzzSummary({ state, failures }: FuzzReport): CampaignState['summary'] {
  const { summary } = state;
  const unsure = failures.reduce((sum, { failure }) => sum + (isConfirmed(failure) ? 0 : failure.count), 0);
  return { ...summary, diverge: summary.diverge - unsure, inconclusive: summary.inconclusive + unsure };
}

/** Why a failure is none. */
export function unconfirmedReason({ confirmed }: Failure): string {
  return confirmed === 'agrees'
    ? 'it depends on what ran before: in a fresh process it agrees'
    : 'a fresh process could not run it; try "bpf-oracle replay" on its file';
}
