/** Runs `fuzz --lane tail-calls`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { parsePath } from '../fuzz/path.ts';
import { runTailCalls } from '../fuzz/tail-calls.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { isCommand } from './open-jits.ts';
import type { Setup } from './options.ts';
import type { Targets } from './targets.ts';

export interface TailCallOptions extends Setup {
  readonly runs?: number;
  readonly time?: number;
  readonly path?: string;
  readonly workers?: number;
  readonly maxFailures?: number;
}

/** @defaultValue of --runs where there is no --time */
const DEFAULT_RUNS = 2000;
/** @defaultValue of --max-failures */
const MAX_FAILURES = 3;
/** Programs between two looks at signals. */
const TURN = 64;

/** Exits with 1 if any program diverges, with 4 if none came to a verdict. */
export async function fuzzTailCalls(
  seed: number,
  options: TailCallOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  const { time, maxFailures = MAX_FAILURES, convention } = options;
  const { first, runs } = rangeOf(options);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const interrupt = new Interrupt();
  const checker = new Checker(checkerOptionsOf(options));
  try {
    const isOver = async (programs: number): Promise<boolean> => {
      // Signals are heard only between turns of the event loop.
      if (programs % TURN === 0) await nextTurn();
      return programs >= runs || (time !== undefined && seconds() >= time) || interrupt.isStopped;
    };
    const lane = { stackArgs: convention === 'reply', maxFailures, first };
    const report = await runTailCalls(seed, checker, lane, isOver);
    const tailCalls = { seed, seconds: seconds(), options: optionWords(options), report };
    await targets.write({ kind: 'tail-calls', tailCalls }, context.io);
    const { agree, diverge } = report.verdicts;
    context.exitCode = diverge > 0 ? EXIT.diverge : agree > 0 ? EXIT.ok : EXIT.nothing;
  } finally {
    interrupt.close();
    checker.close();
  }
}

/** Which programs to run. Throws `usage` errors for what this lane has not. */
function rangeOf({ runs, time, path, workers, jit }: TailCallOptions): {
  readonly first: number;
  readonly runs: number;
} {
  if (workers !== undefined && workers !== 1) throw notHere('--workers', 'it runs on one thread');
  if (isCommand(jit) || jit === 'dpdk')
    throw notHere(`--jit ${jit}`, 'only the built-in JIT makes tail calls');
  if (path === undefined)
    return { first: 0, runs: runs ?? (time === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY) };
  const { index, choices } = parsePath(path, '--path');
  if (choices.length > 0)
    throw notHere(`--path ${path}`, 'it shrinks by itself; name a program alone, e.g. 12');
  return { first: index, runs: 1 };
}

function optionWords({ jit, convention, bmi2, endbr }: TailCallOptions): string[] {
  return [
    ...(jit === 'builtin' ? [] : [`--jit ${jit}`]),
    ...(convention === undefined ? [] : [`--convention ${convention}`]),
    ...(bmi2 ? [] : ['--no-bmi2']),
    ...(endbr ? ['--endbr'] : []),
  ];
}

const notHere = (where: string, why: string): OracleError =>
  new OracleError('usage', { what: 'fuzz --lane tail-calls', where, why });
