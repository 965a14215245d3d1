/** Runs the command `fuzz`: corpus first, then the campaign in processes, then the reports. */
import { availableParallelism } from 'node:os';
import { badInput, OracleError } from '../core/errors.ts';
import type { LaneName } from '../core/lane-names.ts';
import { type Part, WHOLE } from '../core/part.ts';
import { DEFAULT_ENGINE } from '../emu/engine-names.ts';
import { openEngine, prepareEngines } from '../emu/engines.ts';
import { runCampaign } from '../fuzz/campaign.ts';
import { formatPath, parsePath } from '../fuzz/path.ts';
import { SAMPLE_RATE, type SampleRate } from '../fuzz/sample.ts';
import type { CorpusCase, FuzzReport, ReportedFailure } from '../report/fuzz-report.ts';
import type { ShardInfo } from '../report/shard.ts';
import { choiceOf, setupLines } from './case-setup.ts';
import type { Context } from './context.ts';
import { Explainer } from './explainer.ts';
import { EXIT, type ExitCode, failureText, worst } from './failure.ts';
import { confirm } from './fuzz-confirm.ts';
import { Corpus } from './fuzz-corpus.ts';
import { fuzzHostile } from './fuzz-hostile.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import { sortLeftovers } from './fuzz-leftovers.ts';
import { type Loss, ProcessPool } from './fuzz-pool.ts';
import { Progress } from './fuzz-progress.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { type LaneMix, laneMixOf } from './lane-mix.ts';
import { listText } from './list-text.ts';
import { laneWords, setupWords } from './open-case.ts';
import type { Setup } from './options.ts';
import { replayCase, replayCases } from './replay-cases.ts';
import { partOfFiles, type ShardOptions, settingsOf } from './shard-option.ts';
import type { Targets } from './targets.ts';
import { fuzzCode } from './verdict-code.ts';

export interface FuzzOptions extends Setup, ShardOptions {
  readonly runs?: number;
  readonly time?: number;
  readonly seed?: number;
  readonly path?: string;
  readonly workers?: number;
  readonly corpus: string;
  readonly maxFailures?: number;
  /** @defaultValue as SAMPLE_RATE has it */
  readonly vacuity?: number;
  /** @defaultValue a mix of all but `hostile` */
  readonly lane?: LaneName | 'hostile';
}

/** @defaultValue of --runs where there is no --time */
const DEFAULT_RUNS = 10_000;
const MAX_SEED = 0xffff_ffff;

/** Throws `input` errors for options that make no sense, `engine` errors if there is no engine or it fails. */
export async function fuzz(options: FuzzOptions, targets: Targets, context: Context): Promise<void> {
  checkShard(options);
  const seed = seedOf(options);
  await prepareEngines(options.engine);
  if (options.lane === 'hostile') {
    await fuzzHostile(seed, options, targets, context);
    return;
  }
  const { lane } = options;
  // Without an engine or a JIT, nothing is made and nothing is left behind.
  for (const name of options.engine ?? [DEFAULT_ENGINE]) openEngine(name).close();
  checkerOptionsOf(options);
  const lanes = laneMixOf(options, lane);
  const corpus = new Corpus(options.corpus);
  const interrupt = new Interrupt();
  try {
    const explainer = new Explainer(targets.wantsSteps);
    const saved = runCorpus(corpus, options, explainer, context);
    const { losses, ...ran } = await campaign({ options, seed, lanes, corpus, interrupt }, context);
    const { state } = ran;
    const report: FuzzReport = {
      ...ran,
      mix: { lanes: lanes.mix.lanes, leftOut: lanes.leftOut },
      options: [...laneWords(lane), ...setupWords(options)],
      corpus: saved.cases,
      failures: state.failures.map((failure) => reported(failure, options, explainer)),
      ...(saved.shard === undefined ? {} : { shard: saved.shard }),
    };
    await targets.write({ kind: 'fuzz', fuzz: report }, context.io);
    const engines = losses === 0 ? EXIT.ok : EXIT.broken;
    context.exitCode = worst([saved.exitCode, engines, fuzzCode(report)]);
  } finally {
    interrupt.close();
    corpus.tidy();
  }
}

function seedOf({ seed }: FuzzOptions): number {
  if (seed === undefined) return Math.floor(Math.random() * (MAX_SEED + 1));
  if (seed <= MAX_SEED) return seed;
  throw badInput('fuzz', `--seed ${seed}`, `seeds have 32 bits; the largest is ${MAX_SEED}`);
}

/** Throws a `usage` error for what the parts of one campaign cannot do each for itself. */
function checkShard({ shard, seed, path, maxFailures, lane }: FuzzOptions): void {
  if (shard === undefined) return;
  const refuse = (where: string, why: string): OracleError =>
    new OracleError('usage', { what: 'fuzz --shard', where, why });
  if (seed === undefined) throw refuse('--seed', 'name one: the parts of one campaign have the same');
  if (path !== undefined) throw refuse(`--path ${path}`, 'one case has no parts; leave one of the two out');
  if (maxFailures !== undefined)
    throw refuse('--max-failures', 'a part does not know what the others find; leave one of the two out');
  if (lane === 'hostile') throw refuse(`--lane ${lane}`, 'it has no parts; name several seeds instead');
}

interface Saved {
  readonly cases: readonly CorpusCase[];
  readonly exitCode: ExitCode;
  readonly shard?: ShardInfo;
}

/** Runs the saved cases, or this part of them. What a worker left when it was killed is removed if it agrees. */
function runCorpus(corpus: Corpus, options: FuzzOptions, explainer: Explainer, context: Context): Saved {
  const files = corpus.files();
  const { shard: part } = options;
  const { deadly, others } = sortLeftovers(partOfFiles(files, part).paths, options.jit, context);
  const replayed = replayCases(others, options, explainer, context);
  for (const { path, result } of replayed.cases) {
    if (result.verdict === 'agree' && Corpus.isLeftover(path)) corpus.remove(path);
  }
  const cases = [...deadly, ...replayed.cases];
  const exitCode = worst([replayed.exitCode, deadly.length === 0 ? EXIT.ok : EXIT.broken]);
  if (part === undefined) return { cases, exitCode };
  const settings = { ...settingsOf(options), command: 'fuzz', corpus: listText(files) };
  return { cases, exitCode, shard: { ...part, settings, trouble: exitCode } };
}

const laneLines = ({ lane }: FuzzOptions): [string, string[]][] =>
  lane === undefined ? [] : [['lane', [lane]]];

interface Setting {
  readonly options: FuzzOptions;
  readonly seed: number;
  readonly lanes: LaneMix;
  readonly corpus: Corpus;
  readonly interrupt: Interrupt;
}

async function campaign(
  { options, seed, lanes, corpus, interrupt }: Setting,
  { io }: Context,
): Promise<Pick<FuzzReport, 'state' | 'seconds' | 'pace'> & { readonly losses: number }> {
  const { time, path, maxFailures, shard } = options;
  const one = path === undefined ? undefined : parsePath(path, '--path');
  const runs = one !== undefined ? 1 : (options.runs ?? (time === undefined ? DEFAULT_RUNS : undefined));
  const progress = new Progress(io, runs === undefined ? undefined : casesOfPart(runs, shard));
  const pool = new ProcessPool({
    size: one === undefined ? (options.workers ?? availableParallelism()) : 1,
    seed,
    ...sampleRate(options),
    choice: choiceOf(options),
    mix: lanes.mix,
    setup: new Map([...laneLines(options), ...setupLines(options)]),
    runningFile: (worker) => corpus.runningFile(worker),
    onLoss: (loss) => {
      progress.end();
      io.stderr(lossText(loss));
    },
  });
  interrupt.onStop = () => pool.stop();
  try {
    const state = await runCampaign({
      seed,
      runs,
      path: one,
      part: shard,
      pool,
      maxFailures,
      isOver: () => time !== undefined && progress.seconds >= time,
      isStopped: () => interrupt.isStopped,
      save: (file) => corpus.save(file),
      confirm: (file) => confirm(file, options.jit),
      onProgress: (now) => progress.show(now),
    });
    const { seconds, pace } = progress;
    await pool.end();
    return { state, seconds, pace, losses: pool.losses };
  } catch (error) {
    // What the user asked wrongly is no crash: no note of it stays.
    if (error instanceof OracleError && error.kind !== 'engine') await pool.end().catch(() => undefined);
    else await pool.abandon();
    throw error;
  } finally {
    progress.end();
  }
}

function lossText({ path, by, file }: Loss): string {
  const why = `${by} ended its worker; it proves nothing, is kept in ${file}, and a fresh worker goes on`;
  const error = new OracleError('engine', { what: 'fuzz', where: `case ${formatPath(path)}`, why });
  return failureText(error, { debug: false });
}

/** A case that is asked for by its path has its calls taken out, unless none shall. */
function sampleRate({ path, vacuity }: FuzzOptions): SampleRate {
  if (vacuity === undefined && path === undefined) return SAMPLE_RATE;
  const every = path === undefined ? (vacuity ?? 0) : Math.min(1, vacuity ?? 1);
  return { vacuityEvery: every, vacuityLater: every };
}

const casesOfPart = (runs: number, { index, count }: Part = WHOLE): number =>
  Math.max(0, Math.ceil((runs - (index - 1)) / count));

/** The saved case of a failure, run once more, for the report. */
function reported(
  failure: ReportedFailure['failure'],
  options: FuzzOptions,
  explainer: Explainer,
): ReportedFailure {
  const result = replayCase(failure.file, { ...options, lint: false }, explainer);
  const explained = explainer.take();
  return { failure, result: result.verdict === 'diverge' ? result : null, explained };
}
