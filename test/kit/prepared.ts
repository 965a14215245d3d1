/** Generated cases made ready for a runner of images, with what the reference expects of them. */
import type { Env } from '../../src/core/env.ts';
import type { Subject } from '../../src/fuzz/judge.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { compile } from '../../src/jit/compile.ts';
import { TARGETS } from '../../src/jit/target.ts';
import { masksOf } from '../../src/oracle/arg-masks.ts';
import { placementOf } from '../../src/oracle/placement.ts';
import { fuelFor, TRACE_LIMIT } from '../../src/oracle/run.ts';
import { subjectOf } from '../../src/subject-of.ts';

export const CONVENTIONS = ['linux', 'zero', 'reply', 'v3'] as const;
export type Convention = (typeof CONVENTIONS)[number];

export function prepared({ program, input, jit }: Subject, convention: Convention) {
  const env: Env = { input, models: new Map(), insnLimit: 100_000 };
  const { image } = compile(program, { convention, ...jit }, TARGETS[convention]);
  const placement = placementOf(image, program, input);
  const want = interpret(program, env, { traceLimit: TRACE_LIMIT, ...(placement && { placement }) });
  const fuel = fuelFor(want.insns ?? 0);
  const options = { fuel, traceLimit: TRACE_LIMIT, argMasks: masksOf(want.trace), stackBytes: true };
  return { want, options, image, env, subject: subjectOf(program) };
}
