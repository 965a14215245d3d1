/** JITs that take what timers call for functions that BPF calls, on programs made for them: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { timerProgram } from '../../src/arb/timers/program.ts';
import { TIMER_MUTANTS } from '../../src/mutant/timers.ts';
import { expectKilled } from '../kit/first-kill.ts';

const CASES = fc.sample(timerProgram(), { seed: 7, numRuns: 200 });

describe('every mutant of timers', () => {
  it.each(TIMER_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => expectKilled(CASES, mutant),
  );
});
