/** JITs whose private stacks are broken, on the cases of their lane: every one is killed, and where it should be. */
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { mutantCompile } from '../../src/cli/mutant-oracles.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';
import { laneCases } from '../../src/fuzz/kill-lanes.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { PRIVATE_STACK_MUTANTS } from '../../src/mutant/private-stack.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

const CASES = 200;

function firstKill(mutant: Mutant): CaseResult | undefined {
  const make = laneCases(mutant.lane ?? 'valid');
  const checker = new Checker({ compile: mutantCompile(mutant) });
  try {
    for (let index = 0; index < CASES; index++) {
      const path = { index, choices: [] };
      const result = judgeCase(checker, make(4, path), 4, path);
      if (result.verdict === 'diverge') return result;
    }
    return undefined;
  } finally {
    checker.close();
  }
}

describe('every mutant of private stacks', () => {
  it.each(PRIVATE_STACK_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      const { culprit, program } = firstKill(mutant) ?? {};
      expect(mutant.guilty.stages).toContain(culprit?.stage);
      const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
      const text = insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' });
      expect(text).toMatch(mutant.guilty.insn ?? /^/);
    },
  );
});
