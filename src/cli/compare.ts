/** Runs the command `compare`: every JIT on every engine, on the same cases; who stands alone, on what. */
import { ANY, type Profile } from '../arb/profile.ts';
import { Checker, type Subject } from '../checker.ts';
import { badInput } from '../core/errors.ts';
import { DEFAULT_ENGINE, type EngineName } from '../emu/engine-names.ts';
import { prepareEngines } from '../emu/engines.ts';
import { caseAt } from '../fuzz/generate.ts';
import type { Voter } from '../oracle/majority.ts';
import { Comparison } from '../report/compare-report.ts';
import { compareJson, compareText } from '../report/compare-text.ts';
import { checkOptionsFor } from './case-options.ts';
import { switchesIn } from './case-setup.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, worst } from './failure.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { profileOf } from './jit-profile.ts';
import { loadToJudge, unjudged } from './judge.ts';
import type { InputOptions, ReadOptions, Setup } from './options.ts';

export interface CompareOptions extends ReadOptions, InputOptions, Omit<Setup, 'jit'> {
  readonly jit: readonly string[];
  readonly runs: number;
  readonly seed?: number;
  readonly reporter: 'text' | 'json';
}

/** Cases judged in one go: each machine takes them all before the next one's turn. */
const BLOCK = 64;

/** A case, by the name that reports have for it. */
interface Named {
  readonly name: string;
  readonly subject: Subject;
}

/** Of generated programs where no files are named. */
export async function compare(
  files: readonly string[],
  options: CompareOptions,
  context: Context,
): Promise<void> {
  const engines = options.engine ?? [DEFAULT_ENGINE];
  await prepareEngines(engines);
  const voters = options.jit.flatMap((jit) => engines.map((engine) => voterOf(jit, engine)));
  const checkers = voters.map(
    ({ jit, engine }) => new Checker(checkerOptionsOf({ ...options, jit, engine: [engine] })),
  );
  const codes: ExitCode[] = [];
  const comparison = new Comparison(voters);
  try {
    const cases = files.length === 0 ? generated(options) : named(files, options, context, codes);
    for (const block of blocksOf(cases)) {
      const byVoter = checkers.map((checker) => checker.checkAll(block.map(({ subject }) => subject)));
      block.forEach(({ name }, k) => {
        comparison.add(
          name,
          byVoter.flatMap((results) => results[k] ?? []),
        );
      });
    }
  } finally {
    for (const checker of checkers) checker.close();
  }
  const report = comparison.report();
  context.io.stdout(options.reporter === 'json' ? compareJson(report) : compareText(report));
  const code = report.odd.length > 0 ? EXIT.diverge : report.compared === 0 ? EXIT.nothing : EXIT.ok;
  context.exitCode = worst([...codes, code]);
}

const voterOf = (jit: string, engine: EngineName): Voter & { readonly engine: EngineName } => ({
  name: `${jit} on ${engine}`,
  jit,
  engine,
});

function* blocksOf(cases: Iterable<Named>): Generator<readonly Named[]> {
  let block: Named[] = [];
  for (const each of cases) {
    block.push(each);
    if (block.length < BLOCK) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

/** What cannot be read is told on standard error, and keeps no other file from being compared. */
function* named(
  files: readonly string[],
  options: CompareOptions,
  context: Context,
  codes: ExitCode[],
): Generator<Named> {
  for (const path of files) {
    try {
      const loaded = loadToJudge(path, options);
      if (!('verdict' in loaded))
        yield {
          name: path,
          subject: {
            subject: loaded,
            options: {
              ...checkOptionsFor(path, options),
              vacuity: false,
              jit: switchesIn(loaded.oracle ?? new Map(), path),
            },
          },
        };
    } catch (error) {
      codes.push(unjudged(path, error, context).code);
    }
  }
}

const MAX_SEED = 0xffff_ffff;

/** Of what all of the JITs take. */
function* generated(options: CompareOptions): Generator<Named> {
  const { runs, seed = Math.floor(Math.random() * (MAX_SEED + 1)) } = options;
  if (seed > MAX_SEED)
    throw badInput('compare', `--seed ${seed}`, `seeds have 32 bits; the largest is ${MAX_SEED}`);
  const profile = commonProfile(options);
  for (let index = 0; index < runs; index++) {
    const { program, input } = caseAt(seed, { index, choices: [] }, profile);
    yield { name: `${seed}:${index}`, subject: { subject: program, options: { memory: input.memory } } };
  }
}

function commonProfile(options: CompareOptions): Profile {
  const profiles = options.jit.map((jit) => profileOf({ ...options, jit }));
  const lacks = profiles.flatMap((profile) => [...profile.lacks]);
  return lacks.length === 0 ? ANY : { lacks: new Map(lacks) };
}
