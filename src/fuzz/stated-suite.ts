/** Suites of fixed programs judged by a stated r0 alone: the weaker oracles that a generator is measured against. */
import type { Program } from '../bpf/program.ts';
import type { Env } from '../core/env.ts';
import type { U64 } from '../core/u64.ts';
import { type Machines, runCase } from '../oracle/run.ts';

/** A program and the r0 it must end with. */
export interface StatedTest {
  readonly name: string;
  readonly program: Program;
  readonly env: Env;
  readonly expected: U64;
}

/** Whether the compiled program ends with the stated r0; nothing else is looked at. Null: it was not run. */
export function passes({ name, program, env, expected }: StatedTest, machines: Machines): boolean | null {
  const { got, verdict } = runCase({ name, program, env }, machines);
  if (got === null || verdict === 'inconclusive') return null;
  return got.outcome.kind === 'exit' && got.outcome.r0 === expected;
}

/** The first test of the suite that fails; null if none does. */
export const firstFailure = (suite: readonly StatedTest[], machines: Machines): string | null =>
  suite.find((test) => passes(test, machines) === false)?.name ?? null;
