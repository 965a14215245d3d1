/** JITs whose exception tables, arenas and casts are off, on programs made for them: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessProgram } from '../../src/arb/accesses/program.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { ACCESS_MUTANTS } from '../../src/mutant/accesses.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

const CASES = fc.sample(accessProgram(), { seed: 7, numRuns: 600 });

function firstKill(mutant: Mutant): CaseResult | undefined {
  const target = mutant.mutate(LINUX_TARGET);
  const checker = new Checker({ compile: (program) => compile(program, mutant.jit ?? {}, target).image });
  try {
    for (const { program, input } of CASES) {
      const result = checker.check(program, { memory: input.memory });
      if (result.verdict === 'diverge') return result;
    }
    return undefined;
  } finally {
    checker.close();
  }
}

describe('every mutant of accesses', () => {
  it.each(ACCESS_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      const { culprit, program } = firstKill(mutant) ?? {};
      const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
      expect(culprit, mutant.name).toBeDefined();
      expect(mutant.guilty.stages).toContain(culprit?.stage);
      expect(insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' })).toMatch(
        mutant.guilty.insn ?? /^/,
      );
    },
  );
});
