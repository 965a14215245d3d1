/** JITs whose trampolines are broken, on the cases of their lane: every one is killed, and where it should be. */
import { describe, expect, it } from 'vitest';
import { Checker } from '../../src/checker.ts';
import { mutantCompile } from '../../src/cli/mutant-oracles.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';
import { laneCases } from '../../src/fuzz/kill-lanes.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { TRAMPOLINE_MUTANTS } from '../../src/mutant/trampolines.ts';
import type { CaseResult } from '../../src/oracle/case.ts';
import { trampolineStepText } from '../../src/oracle/native/locate.ts';

const CASES = 300;
const CASES_OF_LANE = laneCases('trampolines');

function firstKill(mutant: Mutant): CaseResult | undefined {
  const checker = new Checker({ compile: mutantCompile(mutant) });
  try {
    for (let index = 0; index < CASES; index++) {
      const path = { index, choices: [] };
      const result = judgeCase(checker, CASES_OF_LANE(1, path), 1, path);
      if (result.verdict === 'diverge') return result;
    }
    return undefined;
  } finally {
    checker.close();
  }
}

describe('every mutant of trampolines', () => {
  it.each(TRAMPOLINE_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the step at fault',
    (_, mutant) => {
      const { culprit = null, image = null } = firstKill(mutant) ?? {};
      expect(culprit?.stage).toBe('trampoline');
      expect(trampolineStepText(image, culprit?.offset ?? 0)).toMatch(mutant.guilty.insn ?? /./);
    },
  );
});
