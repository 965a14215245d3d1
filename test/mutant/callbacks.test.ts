/** JITs whose addresses of functions and callbacks are off, on programs made for them: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { callbackProgram } from '../../src/arb/callbacks/program.ts';
import { CALLBACK_MUTANTS } from '../../src/mutant/callbacks.ts';
import { expectKilled } from '../kit/first-kill.ts';

const CASES = fc.sample(callbackProgram(), { seed: 7, numRuns: 200 });

describe('every mutant of callbacks', () => {
  it.each(CALLBACK_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => expectKilled(CASES, mutant),
  );
});
