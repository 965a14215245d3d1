/** Runs `fuzz --lane hostile`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Checker } from '../checker.ts';
import { runHostile } from '../fuzz/hostile.ts';
import { hostileJson, hostileText } from '../report/fuzz-hostile.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { Interrupt } from './fuzz-interrupt.ts';
import type { JitChoice } from './options.ts';
import type { Targets } from './targets.ts';

export interface HostileOptions extends JitChoice {
  readonly runs?: number;
  readonly time?: number;
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
  const {
    runs = options.time === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY,
    time,
    bmi2,
    endbr,
  } = options;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const interrupt = new Interrupt();
  const checker = new Checker({ jit: { bmi2, endbr } });
  try {
    const report = await runHostile(seed, checker, async (programs) => {
      // Signals are heard only between turns of the event loop.
      if (programs % TURN === 0) await nextTurn();
      return programs >= runs || (time !== undefined && seconds() >= time) || interrupt.isStopped;
    });
    const run = { seed, seconds: seconds(), report };
    targets.writeEach(context.io, (reporter) => (reporter === 'json' ? hostileJson(run) : hostileText(run)));
    if (report.programs === 0) context.exitCode = EXIT.nothing;
  } finally {
    interrupt.close();
    checker.close();
  }
}
