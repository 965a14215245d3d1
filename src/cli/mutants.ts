/** Runs the command `mutants`: jobs to workers, their answers to the matrix, then the reports. */
import { availableParallelism } from 'node:os';
import { badInput, OracleError } from '../core/errors.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { addControls, type MutantRow, rowOf, summariseMatrix } from '../fuzz/kill-matrix.ts';
import { ALL_MUTANTS, type Mutant, mutantNamed } from '../mutant/index.ts';
import { withMutantsMarkdown } from '../report/mutants-markdown.ts';
import type { MutantsReport } from '../report/mutants-report.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { noSuchMutant } from './mutant-names.ts';
import { needsBmi2 } from './mutant-oracles.ts';
import { loadSuites } from './mutant-suites.ts';
import { doJobs } from './mutants-jobs.ts';
import { type Answer, type Job, laneOf } from './mutants-work.ts';
import { openDocument } from './open-document.ts';
import type { Targets } from './targets.ts';
import { writeFile } from './write-file.ts';

export interface MutantsOptions {
  /** Names; absent: all. */
  readonly mutant?: readonly string[];
  readonly seed: number;
  readonly seeds: number;
  readonly runs: number;
  /** Cases of each seed on the JIT as it is. */
  readonly control?: number;
  readonly workers?: number;
  readonly conformance?: string;
  readonly markdown?: string;
}

const MAX_SEED = 0xffff_ffff;
/** @defaultValue of --control, in the unit of --runs, when all mutants run */
const CONTROL_TIMES = 10;
/** Cases of one control job. */
const CONTROL_BLOCK = 500;

/** Throws `usage` and `input` errors for options that make no sense, `engine` errors. */
export async function mutants(options: MutantsOptions, targets: Targets, context: Context): Promise<void> {
  const started = performance.now();
  const chosen = chosenMutants(options);
  const seeds = seedsOf(options);
  const document = options.markdown === undefined ? undefined : openDocument(options.markdown);
  // Without an engine, nothing is begun.
  openUnicorn().close();
  const { selftestSums, conformance } = loadSuites(options.conformance);
  const answers = await allAnswers({ options, chosen, seeds }, context.io);
  const rows = chosen.map((mutant) => rowFor(mutant, answers));
  const controls = answers.flatMap((answer) => (answer.kind === 'control' ? [answer.count] : []));
  const report: MutantsReport = {
    rows,
    summary: summariseMatrix(rows),
    seeds,
    runs: options.runs,
    suites: {
      selftestSums: selftestSums.length,
      ...(conformance === undefined ? {} : { conformance: conformance.length }),
    },
    control: controls.length === 0 ? null : addControls(controls),
    seconds: (performance.now() - started) / 1000,
    command: commandLine(options),
  };
  if (document !== undefined) writeFile(document.path, withMutantsMarkdown(document.text, report));
  await targets.write({ kind: 'mutants', mutants: report }, context.io);
  const { killed, total } = report.summary;
  const isSound = (report.control?.diverging.length ?? 0) === 0;
  context.exitCode = killed === total && isSound ? EXIT.ok : EXIT.diverge;
}

function chosenMutants({ mutant: names }: MutantsOptions): readonly Mutant[] {
  if (names === undefined) return ALL_MUTANTS;
  for (const name of names) {
    if (mutantNamed(name) !== undefined) continue;
    throw new OracleError('usage', {
      what: 'usage',
      where: `--mutant ${name}`,
      why: noSuchMutant(name),
    });
  }
  return ALL_MUTANTS.filter(({ name }) => names.includes(name));
}

function seedsOf({ seed, seeds }: MutantsOptions): number[] {
  const last = seed + seeds - 1;
  if (last > MAX_SEED)
    throw badInput('mutants', `--seed ${seed}`, `seeds have 32 bits; the largest is ${MAX_SEED}`);
  return Array.from({ length: seeds }, (_, i) => seed + i);
}

interface Plan {
  readonly options: MutantsOptions;
  readonly chosen: readonly Mutant[];
  readonly seeds: readonly number[];
}

async function allAnswers(plan: Plan, io: Io): Promise<Answer[]> {
  const { runs, conformance, workers = availableParallelism() } = plan.options;
  const jobs = jobsOf(plan);
  const shows = io.isErrorTerminal === true;
  try {
    return await doJobs(jobs, {
      workers: Math.min(workers, jobs.length),
      setup: { runs, conformance },
      onDone: (done) => {
        if (shows) io.stderr(`\r\x1b[Kmutants: ${done} of ${jobs.length} jobs`);
      },
    });
  } finally {
    if (shows) io.stderr('\r\x1b[K');
  }
}

/** Seed by seed, so that a worker makes the cases of a seed once. */
function jobsOf({ options, chosen, seeds }: Plan): Job[] {
  const trials = seeds.flatMap((seed) =>
    chosen.map(({ name }): Job => ({ kind: 'trial', mutant: name, seed })),
  );
  const suites = chosen.map(({ name }): Job => ({ kind: 'suites', mutant: name }));
  return [...trials, ...suites, ...seeds.flatMap((seed) => controlJobs(options, chosen, seed))];
}

/** Blocks of each lane, by turns with BMI2 and without, if mutants of both kinds run. */
function controlJobs(
  { control, runs, mutant }: MutantsOptions,
  chosen: readonly Mutant[],
  seed: number,
): Job[] {
  const cases = control ?? (mutant === undefined ? CONTROL_TIMES * runs : 0);
  const kinds = [...new Set(chosen.map(needsBmi2))];
  const lanes = [...new Set(chosen.map(laneOf))];
  return lanes.flatMap((lane) =>
    Array.from({ length: Math.ceil(cases / CONTROL_BLOCK) }, (_, i): Job => {
      const start = i * CONTROL_BLOCK;
      const count = Math.min(CONTROL_BLOCK, cases - start);
      return { kind: 'control', lane, seed, start, count, bmi2: kinds[i % kinds.length] ?? true };
    }),
  );
}

function rowFor(mutant: Mutant, answers: readonly Answer[]): MutantRow {
  const trials = answers
    .flatMap((answer) => (answer.kind === 'trial' && answer.mutant === mutant.name ? [answer.trial] : []))
    .sort((a, b) => a.seed - b.seed);
  const suites = answers.find((answer) => answer.kind === 'suites' && answer.mutant === mutant.name);
  if (suites?.kind !== 'suites') throw new Error(`no answer on ${mutant.name}`);
  return rowOf(mutant, trials, suites.kills);
}

/** What to type for the same matrix; a folder is named by what is in it. */
function commandLine({ mutant = [], seed, seeds, runs, control, conformance }: MutantsOptions): string {
  return [
    'npx bpf-oracle mutants',
    ...mutant.map((name) => `--mutant ${name}`),
    `--seed ${seed} --seeds ${seeds} --runs ${runs}`,
    ...(control === undefined ? [] : [`--control ${control}`]),
    ...(conformance === undefined ? [] : ['--conformance <tests of bpf_conformance>']),
  ].join(' ');
}
