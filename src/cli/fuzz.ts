/** Runs the command `fuzz`: corpus first, then the campaign on threads, then the reports. */
import { availableParallelism } from 'node:os';
import { badInput, OracleError } from '../core/errors.ts';
import { DEFAULT_ENGINE, openEngine } from '../emu/engines.ts';
import { type CampaignState, runCampaign } from '../fuzz/campaign.ts';
import { parsePath } from '../fuzz/path.ts';
import { summarise } from '../oracle/case.ts';
import {
  type CorpusCase,
  type FuzzReport,
  fuzzSummary,
  isConfirmed,
  type ReportedFailure,
} from '../report/fuzz-report.ts';
import { choiceOf, setupLines } from './case-setup.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';
import { confirm } from './fuzz-confirm.ts';
import { Corpus } from './fuzz-corpus.ts';
import { fuzzHostile } from './fuzz-hostile.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import { Progress } from './fuzz-progress.ts';
import { ThreadPool } from './fuzz-threads.ts';
import type { Setup } from './options.ts';
import { replayCase, replayCases } from './replay-cases.ts';
import type { Targets } from './targets.ts';

export interface FuzzOptions extends Setup {
  readonly runs?: number;
  readonly time?: number;
  readonly seed?: number;
  readonly path?: string;
  readonly workers?: number;
  readonly corpus: string;
  readonly maxFailures?: number;
  readonly vacuity: number;
  readonly lane: 'valid' | 'hostile';
}

/** @defaultValue of --runs where there is no --time */
const DEFAULT_RUNS = 10_000;
const MAX_SEED = 0xffff_ffff;

/** Throws `input` errors for options that make no sense, `engine` errors if there is no engine or it fails. */
export async function fuzz(options: FuzzOptions, targets: Targets, context: Context): Promise<void> {
  const seed = seedOf(options);
  if (options.lane === 'hostile') {
    await fuzzHostile(seed, options, targets, context);
    return;
  }
  // Without an engine, nothing is made and nothing is left behind.
  for (const name of options.engine ?? [DEFAULT_ENGINE]) openEngine(name).close();
  const corpus = new Corpus(options.corpus);
  const interrupt = new Interrupt();
  try {
    const saved = runCorpus(corpus, options, context);
    const { state, seconds } = await campaign({ options, seed, corpus, interrupt }, context);
    const report: FuzzReport = {
      state,
      seconds,
      corpus: saved.cases,
      failures: state.failures.map((failure) => reported(failure, options)),
    };
    await targets.write({ kind: 'fuzz', fuzz: report }, context.io);
    context.exitCode = worst([saved.exitCode, exitCode(report)]);
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

/** Runs the saved cases. What a worker left when it was killed is removed if it agrees. */
function runCorpus(
  corpus: Corpus,
  options: FuzzOptions,
  context: Context,
): { readonly cases: readonly CorpusCase[]; readonly exitCode: ExitCode } {
  const { cases, exitCode } = replayCases(corpus.files(), options, context);
  for (const { path, result } of cases) {
    if (result.verdict === 'agree' && Corpus.isLeftover(path)) corpus.remove(path);
  }
  return { cases, exitCode };
}

interface Setting {
  readonly options: FuzzOptions;
  readonly seed: number;
  readonly corpus: Corpus;
  readonly interrupt: Interrupt;
}

async function campaign(
  { options, seed, corpus, interrupt }: Setting,
  { io }: Context,
): Promise<{ readonly state: CampaignState; readonly seconds: number }> {
  const { time, path, maxFailures } = options;
  const one = path === undefined ? undefined : parsePath(path, '--path');
  const runs = one !== undefined ? 1 : (options.runs ?? (time === undefined ? DEFAULT_RUNS : undefined));
  const pool = new ThreadPool({
    size: one === undefined ? (options.workers ?? availableParallelism()) : 1,
    seed,
    vacuityEvery: one === undefined ? options.vacuity : Math.min(1, options.vacuity),
    choice: choiceOf(options),
    setup: setupLines(options),
    runningFile: (worker) => corpus.runningFile(worker),
  });
  interrupt.onStop = () => pool.stop();
  const progress = new Progress(io, runs);
  try {
    const state = await runCampaign({
      seed,
      runs,
      path: one,
      pool,
      maxFailures,
      isOver: () => time !== undefined && progress.seconds >= time,
      isStopped: () => interrupt.isStopped,
      save: (file) => corpus.save(file),
      confirm: (file) => confirm(file, options.jit),
      onProgress: (now) => progress.show(now),
    });
    const { seconds } = progress;
    await pool.end();
    return { state, seconds };
  } catch (error) {
    // What the user asked wrongly is no crash: no note of it stays.
    if (error instanceof OracleError && error.kind !== 'engine') await pool.end();
    else await pool.abandon();
    throw error;
  } finally {
    progress.end();
  }
}

/** The saved case of a failure, run once more, for the report. */
function reported(failure: ReportedFailure['failure'], options: FuzzOptions): ReportedFailure {
  const result = replayCase(failure.file, options);
  return { failure, result: result.verdict === 'diverge' ? result : null };
}

function exitCode(report: FuzzReport): ExitCode {
  const { corpus, failures } = report;
  const saved = summarise(corpus.map(({ result }) => result));
  const made = fuzzSummary(report);
  const codes: ExitCode[] = failures.map(({ failure }) => {
    if (isConfirmed(failure)) return EXIT.diverge;
    return failure.confirmed === 'cannot run' ? EXIT.broken : EXIT.ok;
  });
  if (saved.diverge > 0) codes.push(EXIT.diverge);
  if (saved.agree + saved.diverge + made.agree + made.diverge === 0) codes.push(EXIT.nothing);
  return worst(codes);
}
