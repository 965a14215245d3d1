/** What the linter promises of programs, whether it passes them or not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram, HOSTILE_RULES, hostileProgram } from '../src/arb/index.ts';
import { breachesOf } from '../src/lint/lint.ts';
import { openJudge, verdictOf } from '../test/kit/judging.ts';
import { editedProgram } from '../test/kit/random-edits.ts';

const judge = openJudge();

/** Helpers and kfuncs write nothing here. */
const OPTIONS = { writes: 'doubted' } as const;

describe('the linter', () => {
  it('passes generated programs', () => {
    const property = fc.property(bpfProgram(), ({ program }) => {
      expect(breachesOf(program, OPTIONS)).toEqual([]);
    });
    fc.assert(property, { seed: 81, numRuns: 5000 });
  });

  it('passes no program in which the reference reads poison, and the machines agree on what it passes', () => {
    const seen = { refused: 0, passed: 0 };
    const property = fc.property(editedProgram(), ({ program, input }) => {
      if (program === undefined) return;
      const isPassed = breachesOf(program, OPTIONS).length === 0;
      seen[isPassed ? 'passed' : 'refused']++;
      if (!isPassed) return;
      const result = judge({ program, input });
      // An edit may make a loop longer, or an address one that is not mapped.
      if (result.verdict === 'inconclusive') expect(['insn-limit', 'mapped']).toContain(result.reason?.kind);
      else expect(verdictOf(result)).toBe('agree');
    });
    fc.assert(property, { seed: 82, numRuns: 4000 });
    expect(seen.passed).toBeGreaterThan(500);
    expect(seen.refused).toBeGreaterThan(500);
  });

  it.each([...HOSTILE_RULES])('refuses programs that break %s, by that rule', (rule) => {
    const found = fc
      .sample(hostileProgram({ rules: [rule] }), { seed: 83, numRuns: 60 })
      .filter(({ breaches }) => breaches.some((breach) => breach.rule === rule));
    expect(found.length).toBeGreaterThan(50);
  });
});
