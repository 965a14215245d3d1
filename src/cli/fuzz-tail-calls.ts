/** Runs `fuzz --lane tail-calls`. */
import { runTailCalls } from '../fuzz/tail-calls.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { hardeningWords } from './hardening-options.ts';
import { type LaneOptions, notIn, runLane } from './lane-run.ts';
import { isBundle, isForeign } from './open-jits.ts';
import type { Targets } from './targets.ts';

const notHere = notIn('tail-calls');

/** @defaultValue of --max-failures */
const MAX_FAILURES = 3;

/**
 * Exits with 1 if any program diverges, with 4 if none came to a verdict. Throws `usage` errors for what this lane
 * has not.
 */
export async function fuzzTailCalls(
  seed: number,
  options: LaneOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  const { jit, maxFailures = MAX_FAILURES, convention } = options;
  if (isForeign(jit) && !isBundle(jit))
    throw notHere(`--jit ${jit}`, 'only the built-in JIT makes tail calls');
  await runLane(options, notHere, async ({ checker, first, isOver, seconds }) => {
    const lane = { stackArgs: convention === 'reply', maxFailures, first };
    const report = await runTailCalls(seed, checker, lane, isOver);
    const tailCalls = { seed, seconds: seconds(), options: optionWords(options), report };
    await targets.write({ kind: 'tail-calls', tailCalls }, context.io);
    const { agree, diverge } = report.verdicts;
    context.exitCode = diverge > 0 ? EXIT.diverge : agree > 0 ? EXIT.ok : EXIT.nothing;
  });
}

function optionWords({ jit, convention, bmi2, endbr, ...choice }: LaneOptions): string[] {
  return [
    ...(jit === 'builtin' ? [] : [`--jit ${jit}`]),
    ...(convention === undefined ? [] : [`--convention ${convention}`]),
    ...(bmi2 ? [] : ['--no-bmi2']),
    ...(endbr ? ['--endbr'] : []),
    ...hardeningWords(choice),
  ];
}
