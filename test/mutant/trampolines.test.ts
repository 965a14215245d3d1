/** JITs whose trampolines, or typed kfuncs, are broken, on the cases of their lanes: all are killed, where they should be. */
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { mutantCompile } from '../../src/cli/mutant-oracles.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';
import { laneCases } from '../../src/fuzz/kill-lanes.ts';
import { AGGREGATE_MUTANTS } from '../../src/mutant/aggregates.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { TRAMPOLINE_MUTANTS } from '../../src/mutant/trampolines.ts';
import type { CaseResult } from '../../src/oracle/case.ts';
import { trampolineStepText } from '../../src/oracle/native/locate.ts';

const CASES = 300;

function firstKill(mutant: Mutant): CaseResult | undefined {
  const checker = new Checker({ compile: mutantCompile(mutant) });
  try {
    for (let index = 0; index < CASES; index++) {
      const path = { index, choices: [] };
      const result = judgeCase(checker, laneCases(mutant.lane ?? 'valid')(1, path), 1, path);
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

describe('every mutant of aggregates', () => {
  it.each(AGGREGATE_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at a call',
    (_, mutant) => {
      const { culprit, program } = firstKill(mutant) ?? {};
      const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
      expect(mutant.guilty.stages).toContain(culprit?.stage);
      expect(insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' })).toMatch(
        mutant.guilty.insn ?? /^$/,
      );
    },
  );
});
