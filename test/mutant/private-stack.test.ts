/** JITs whose private stacks are broken, on the cases of their lane: every one is killed, and where it should be. */
import { describe, it } from 'vitest';
import { PRIVATE_STACK_MUTANTS } from '../../src/mutant/private-stack.ts';
import { expectGuilty, firstLaneKill } from '../kit/first-kill.ts';

describe('every mutant of private stacks', () => {
  it.each(PRIVATE_STACK_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      expectGuilty(firstLaneKill(mutant), mutant);
    },
  );
});
