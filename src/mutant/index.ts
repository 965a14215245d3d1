/** All mutants. */
import { ARITHMETIC_MUTANTS } from './arithmetic.ts';
import { CONTROL_MUTANTS } from './control.ts';
import { MEMORY_MUTANTS } from './memory.ts';
import type { Mutant } from './mutant.ts';
import { STACK_ARG_MUTANTS } from './stack-args.ts';
import { TAIL_CALL_MUTANTS } from './tail-calls.ts';

export type { Mutant } from './mutant.ts';

/** Those of the kill matrix: what `fuzz` makes kills them. */
export const MUTANTS: readonly Mutant[] = [
  ...STACK_ARG_MUTANTS,
  ...ARITHMETIC_MUTANTS,
  ...MEMORY_MUTANTS,
  ...CONTROL_MUTANTS,
];

/** By name, those of tail calls too, which `fuzz` makes none of. */
export const mutantNamed = (name: string): Mutant | undefined =>
  [...MUTANTS, ...TAIL_CALL_MUTANTS].find((mutant) => mutant.name === name);
