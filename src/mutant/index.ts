/** All mutants. */

import { ACCESS_MUTANTS } from './accesses.ts';
import { AGGREGATE_MUTANTS } from './aggregates.ts';

import { ARITHMETIC_MUTANTS } from './arithmetic.ts';
import { CALLBACK_MUTANTS } from './callbacks.ts';
import { CONTROL_MUTANTS } from './control.ts';
import { CONVENTION_MUTANTS } from './conventions.ts';
import { EXCEPTION_MUTANTS } from './exceptions.ts';
import { HARDENING_MUTANTS } from './hardening.ts';
import { MEMORY_MUTANTS } from './memory.ts';
import type { Mutant } from './mutant.ts';
import { PRIVATE_STACK_MUTANTS } from './private-stack.ts';
import { STACK_ARG_MUTANTS } from './stack-args.ts';
import { TAIL_CALL_MUTANTS } from './tail-calls.ts';
import { TIMER_MUTANTS } from './timers.ts';
import { TRAMPOLINE_MUTANTS } from './trampolines.ts';

export type { Mutant } from './mutant.ts';

/** Those that show on what `fuzz` makes by default. */
export const MUTANTS: readonly Mutant[] = [
  ...STACK_ARG_MUTANTS,
  ...ARITHMETIC_MUTANTS,
  ...MEMORY_MUTANTS,
  ...CONTROL_MUTANTS,
  ...HARDENING_MUTANTS,
];

/** Those of the kill matrix: with those that show in a lane of their own. */
export const ALL_MUTANTS: readonly Mutant[] = [
  ...MUTANTS,
  ...TAIL_CALL_MUTANTS,
  ...TRAMPOLINE_MUTANTS,
  ...PRIVATE_STACK_MUTANTS,
  ...AGGREGATE_MUTANTS,
  ...ACCESS_MUTANTS,
  ...CALLBACK_MUTANTS,
  ...TIMER_MUTANTS,
  ...EXCEPTION_MUTANTS,
  ...CONVENTION_MUTANTS,
];

export const mutantNamed = (name: string): Mutant | undefined =>
  ALL_MUTANTS.find((mutant) => mutant.name === name);
