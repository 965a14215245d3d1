/** Runs `fuzz --lane hostile`. */
import { runHostile } from '../fuzz/hostile.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { type LaneOptions, notIn, runLane } from './lane-run.ts';
import type { Targets } from './targets.ts';

const notHere = notIn('hostile');

/**
 * Never exits with 1: what these programs do proves nothing about the JIT. Throws `usage` errors for what this lane
 * has not: it neither shrinks nor saves.
 */
export async function fuzzHostile(
  seed: number,
  options: LaneOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  if (options.maxFailures !== undefined) throw notHere('--max-failures', 'nothing in it is a failure');
  await runLane(options, notHere, async ({ checker, first, isOver, seconds }) => {
    const report = await runHostile(seed, checker, isOver, first);
    const hostile = { seed, seconds: seconds(), report };
    await targets.write({ kind: 'hostile', hostile }, context.io);
    if (report.programs === 0) context.exitCode = EXIT.nothing;
  });
}
