/** Runs `fuzz --lane hostile`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { runHostile } from '../fuzz/hostile.ts';
import { parsePath } from '../fuzz/path.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import type { Setup } from './options.ts';
import type { Targets } from './targets.ts';

export interface HostileOptions extends Setup {
  readonly runs?: number;
  readonly time?: number;
  readonly path?: string;
  readonly workers?: number;
  readonly maxFailures?: number;
}

/** @defaultValue of --runs where there is no --time */
const DEFAULT_RUNS = 2000;
/** Programs between two looks at signals. */
const TURN = 64;

/** Never exits with 1: what these programs do proves nothing about the JIT. */
export async function fuzzHostile(
  seed: number,
  options: HostileOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  const { time } = options;
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
    const report = await runHostile(seed, checker, isOver, first);
    const hostile = { seed, seconds: seconds(), report };
    await targets.write({ kind: 'hostile', hostile }, context.io);
    if (report.programs === 0) context.exitCode = EXIT.nothing;
  } finally {
    interrupt.close();
    checker.close();
  }
}

/** Which programs to run. Throws `usage` errors for what this lane has not: it neither shrinks nor saves. */
function rangeOf({ runs, time, path, workers, maxFailures }: HostileOptions): {
  readonly first: number;
  readonly runs: number;
} {
  if (workers !== undefined && workers !== 1) throw notHere('--workers', 'it runs on one thread');
  if (maxFailures !== undefined) throw notHere('--max-failures', 'nothing in it is a failure');
  if (path === undefined) {
    return { first: 0, runs: runs ?? (time === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY) };
  }
  const { index, choices } = parsePath(path, '--path');
  if (choices.length > 0)
    throw notHere(`--path ${path}`, 'it does not shrink; name a program alone, e.g. 12');
  return { first: index, runs: 1 };
}

const notHere = (where: string, why: string): OracleError =>
  new OracleError('usage', { what: 'fuzz --lane hostile', where, why });
