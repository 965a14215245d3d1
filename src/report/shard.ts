/** What the document of a part of a run says beside what that of a whole run does: what it takes to merge it. */
import { type Part, partText } from '../core/part.ts';
import type { ExpectedFailure } from '../oracle/expected-failures.ts';

export interface ShardInfo extends Part {
  /** Options that decide what is run and how; the parts of one run have the same. */
  readonly settings: Readonly<Record<string, string>>;
  /** Exit code of what could not be read or run; 0 if there was nothing of the kind. */
  readonly trouble: number;
}

/** Of check, conformance and replay. */
export interface CasesShard extends ShardInfo {
  /** Where each result stands among those of the whole run, from 0 on. */
  readonly positions: readonly number[];
  /** How many results the whole run has. */
  readonly of: number;
  /** The list of expected failures: whether it holds is known only of the whole run. */
  readonly expected?: { readonly file: string; readonly entries: readonly ExpectedFailure[] };
}

/** ` --shard 2/4`, for titles; empty for a whole run. */
export const shardTitle = (shard: Part | undefined): string =>
  shard === undefined ? '' : ` --shard ${partText(shard)}`;
