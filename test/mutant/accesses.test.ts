/** JITs whose exception tables, arenas and casts are off, on programs made for them: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { accessProgram } from '../../src/arb/accesses/program.ts';
import { ACCESS_MUTANTS } from '../../src/mutant/accesses.ts';
import { expectKilled } from '../kit/first-kill.ts';

const CASES = fc.sample(accessProgram(), { seed: 7, numRuns: 600 });

describe('every mutant of accesses', () => {
  it.each(ACCESS_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => expectKilled(CASES, mutant),
  );
});
