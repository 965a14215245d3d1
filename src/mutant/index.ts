/** All mutants. */
import { ARITHMETIC_MUTANTS } from './arithmetic.ts';
import { CONTROL_MUTANTS } from './control.ts';
import { MEMORY_MUTANTS } from './memory.ts';
import type { Mutant } from './mutant.ts';
import { STACK_ARG_MUTANTS } from './stack-args.ts';

export type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...STACK_ARG_MUTANTS,
  ...ARITHMETIC_MUTANTS,
  ...MEMORY_MUTANTS,
  ...CONTROL_MUTANTS,
];
