/** What judging one program after the other takes: which ones, and until when. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { parsePath } from '../fuzz/path.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import type { Setup } from './options.ts';

export interface LaneOptions extends Setup {
  readonly runs?: number;
  readonly time?: number;
  readonly path?: string;
  readonly workers?: number;
  readonly maxFailures?: number;
}

/** What a lane's programs are run with. */
export interface LaneRun {
  readonly checker: Checker;
  /** The first program. */
  readonly first: number;
  /** Asked before each program, with how many there were. */
  readonly isOver: (programs: number) => Promise<boolean>;
  /** Since the start. */
  readonly seconds: () => number;
}

/** @defaultValue of --runs where there is no --time */
const DEFAULT_RUNS = 2000;
/** Programs between two looks at signals. */
const TURN = 64;

/** A `usage` error: the lane has no such option. */
export type NotHere = (where: string, why: string) => OracleError;

export const notIn =
  (lane: string): NotHere =>
  (where, why) =>
    new OracleError('usage', { what: `fuzz --lane ${lane}`, where, why });

/** Runs a lane, from options that were looked through. Throws `usage` and `engine` errors. */
export async function runLane(
  options: LaneOptions,
  notHere: NotHere,
  run: (lane: LaneRun) => Promise<void>,
): Promise<void> {
  const { first, runs } = rangeOf(options, notHere);
  const { time } = options;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const interrupt = new Interrupt();
  const checker = new Checker(checkerOptionsOf(options));
  const isOver = async (programs: number): Promise<boolean> => {
    // Signals are heard only between turns of the event loop.
    if (programs % TURN === 0) await nextTurn();
    return programs >= runs || (time !== undefined && seconds() >= time) || interrupt.isStopped;
  };
  try {
    await run({ checker, first, isOver, seconds });
  } finally {
    interrupt.close();
    checker.close();
  }
}

interface Range {
  readonly first: number;
  readonly runs: number;
}

function rangeOf({ runs, time, path, workers }: LaneOptions, notHere: NotHere): Range {
  if (workers !== undefined && workers !== 1) throw notHere('--workers', 'it runs on one thread');
  if (path === undefined)
    return { first: 0, runs: runs ?? (time === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY) };
  const { index, choices } = parsePath(path, '--path');
  if (choices.length > 0) throw notHere(`--path ${path}`, 'programs are named by a number alone, e.g. 12');
  return { first: index, runs: 1 };
}
