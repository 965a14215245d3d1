/** JITs of the mail thread's layouts whose calls are broken: every one is killed, and where it should be. */
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../src/cli/mutant-oracles.ts';
import { compile } from '../../src/jit/compile.ts';
import { CONVENTION_MUTANTS } from '../../src/mutant/conventions.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { expectGuilty, firstLaneKill } from '../kit/first-kill.ts';

describe('every mutant of v3 and reply', () => {
  it.each(CONVENTION_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      expectGuilty(firstLaneKill(mutant), mutant);
      expect(mutant.name.startsWith(`${mutant.convention}-`)).toBe(true);
    },
  );

  it.each([
    ['v3', 'valid'],
    ['v3', 'private-stack'],
    ['reply', 'valid'],
    ['reply', 'private-stack'],
    ['reply', 'tail-calls'],
  ] as const)('is the doing of the mutants: %s as it is agrees on the lane %s', (convention, lane) => {
    const [mutant] = CONVENTION_MUTANTS.filter((each) => each.convention === convention) as [Mutant];
    const sound = targetOf(mutant);
    const kill = firstLaneKill({ ...mutant, lane }, (program, { jit }) => compile(program, jit, sound).image);
    expect(kill?.name).toBeUndefined();
  });
});
