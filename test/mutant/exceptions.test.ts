/** JITs whose boundaries and exception callbacks are off, on programs that throw: all killed, and where they should be. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { throwProgram } from '../../src/arb/exceptions/program.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET, TARGETS } from '../../src/jit/target.ts';
import { EXCEPTION_MUTANTS } from '../../src/mutant/exceptions.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

const CASES = fc.sample(throwProgram(), { seed: 7, numRuns: 400 });

function firstKill(mutant: Mutant, target = LINUX_TARGET): CaseResult | undefined {
  const broken = mutant.mutate(target);
  const checker = new Checker({ compile: (program) => compile(program, mutant.jit ?? {}, broken).image });
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

describe('every mutant of exceptions', () => {
  it.each(EXCEPTION_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, where the callback is entered',
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
    expect(firstKill(mutant, TARGETS.v3)?.verdict).toBe('diverge');
  });
});
