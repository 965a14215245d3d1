/** From results to reports and an exit code: what check, conformance and replay share. */
import type { Part } from '../core/part.ts';
import type { CaseResult } from '../oracle/case.ts';
import { type Expected, expectFailures } from '../oracle/expected-failures.ts';
import type { Explained } from '../oracle/explained.ts';
import type { CasesReport } from '../report/reporter.ts';
import type { CasesShard } from '../report/shard.ts';
import type { Context } from './context.ts';
import { readExpectedFailures, staleLine } from './expected-failures.ts';
import { Explainer } from './explainer.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';
import { judgingOptions } from './judging-options.ts';
import { listText } from './list-text.ts';
import type { ExpectOptions } from './options.ts';
import { type PartOfFiles, partOfFiles, type ShardOptions, settingsOf } from './shard-option.ts';
import type { Targets } from './targets.ts';
import { casesCode } from './verdict-code.ts';

/** What judging came to, and how it is to be told. */
export interface Outcomes {
  readonly results: readonly CaseResult[];
  /** Of the same cases, as far as reports show them step by step. */
  readonly explained: readonly (Explained | null)[];
  /** Of what could not be read or run. */
  readonly exitCode: ExitCode;
}

/** Which command asks, of what, with which options. */
export interface Question {
  readonly command: CasesReport['command'];
  readonly targets: Targets;
  readonly files: readonly string[];
  /** Files and folders that the command line names. */
  readonly operands: readonly string[];
  readonly options: ExpectOptions & ShardOptions;
}

/**
 * Has the files judged, or this part of them, and tells the results. The list of expected failures is read first:
 * a bad one judges nothing.
 */
export async function conclude(
  { command, targets, files, operands, options }: Question,
  judge: (part: PartOfFiles, explainer: Explainer) => Outcomes | Promise<Outcomes>,
  context: Context,
): Promise<void> {
  const { expectFailures: path = null, shard: part } = options;
  const list = path === null ? null : { file: path, entries: readExpectedFailures(path) };
  const mine = partOfFiles(files, part);
  const judged = await judge(mine, new Explainer(targets.wantsSteps));
  const { results, stale } = expected(judged, list, part);
  const shard =
    part === undefined ? {} : { shard: shardOf(part, { command, files, mine, list, judged }, options) };
  const told = list === null ? {} : { expected: { file: list.file, listed: list.entries.length, stale } };
  const { explained } = judged;
  const again = { options: judgingOptions(context.argv, { command, operands }) };
  await targets.write(
    { kind: 'cases', command, results, explained, ...again, ...told, ...shard },
    context.io,
  );
  for (const entry of stale) context.io.stderr(staleLine(path ?? '', entry));
  context.exitCode = worst([judged.exitCode, casesCode(results, stale)]);
}

/** Which results were expected. Where not all was reached, it says nothing that a case is absent. */
function expected(
  { results, exitCode }: Outcomes,
  list: ExpectedEntries | null,
  part: Part | undefined,
): Expected {
  const { results: marked, stale } = expectFailures(results, list?.entries ?? []);
  const isWhole = part === undefined && exitCode !== EXIT.broken;
  return { results: marked, stale: stale.filter(({ why }) => isWhole || why !== 'absent') };
}

type ExpectedEntries = NonNullable<CasesShard['expected']>;

interface Done {
  readonly command: string;
  readonly files: readonly string[];
  readonly mine: PartOfFiles;
  readonly list: ExpectedEntries | null;
  readonly judged: Outcomes;
}

const shardOf = (part: Part, { command, files, mine, list, judged }: Done, options: object): CasesShard => ({
  ...part,
  settings: { ...settingsOf(options), command, files: listText(files) },
  trouble: judged.exitCode,
  positions: mine.positions.slice(0, judged.results.length),
  of: mine.of,
  ...(list === null ? {} : { expected: list }),
});
