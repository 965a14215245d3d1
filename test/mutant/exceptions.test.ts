/** JITs whose boundaries and exception callbacks are off, on programs that throw: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { throwProgram } from '../../src/arb/exceptions/program.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { TARGETS } from '../../src/jit/target.ts';
import { EXCEPTION_MUTANTS } from '../../src/mutant/exceptions.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { expectKilled, firstKill } from '../kit/first-kill.ts';

const CASES = fc.sample(throwProgram(), { seed: 7, numRuns: 400 });

describe('every mutant of exceptions', () => {
  it.each(EXCEPTION_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, where the callback is entered',
    (_, mutant) => expectKilled(CASES, mutant),
  );
});

describe('programs that throw', () => {
  it.each(['linux', 'zero', 'reply', 'v3'] as const)('agree under %s', (convention) => {
    const checker = new Checker({ compile: (program) => compile(program, {}, TARGETS[convention]).image });
    for (const { program, input } of CASES.slice(0, 150)) {
      const result = checker.check(program, { memory: input.memory });
      expect(result.verdict, JSON.stringify(result.reason)).toBe('agree');
    }
    checker.close();
  });

  it('say under v3 that rsp at a call is no place to count from', () => {
    const mutant = EXCEPTION_MUTANTS.find(({ name }) => name === 'exception-pops-arguments') as Mutant;
    expect(firstKill(CASES, mutant, TARGETS.v3)?.verdict).toBe('diverge');
  });
});
