/** JITs whose addresses of functions and callbacks are off, on programs made for them: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callbackProgram } from '../../src/arb/callbacks/program.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { CALLBACK_MUTANTS } from '../../src/mutant/callbacks.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

const CASES = fc.sample(callbackProgram(), { seed: 7, numRuns: 200 });

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

describe('every mutant of callbacks', () => {
  it.each(CALLBACK_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
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
