/** Mutants on programs made for them: the first that shows one, and whether it is shown where it should be. */
import { expect } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Input } from '../../src/core/env.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

type Cases = readonly { readonly program: Program; readonly input: Input }[];

/** The first case that shows the mutant of a target. */
export function firstKill(cases: Cases, mutant: Mutant, target = LINUX_TARGET): CaseResult | undefined {
  const broken = mutant.mutate(target);
  const checker = new Checker({ compile: (program) => compile(program, mutant.jit ?? {}, broken).image });
  try {
    for (const { program, input } of cases) {
      const result = checker.check(program, { memory: input.memory });
      if (result.verdict === 'diverge') return result;
    }
    return undefined;
  } finally {
    checker.close();
  }
}

/** It is killed, at the instruction at fault. */
export function expectKilled(cases: Cases, mutant: Mutant): void {
  const { culprit, program } = firstKill(cases, mutant) ?? {};
  const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
  expect(culprit, mutant.name).toBeDefined();
  expect(mutant.guilty.stages).toContain(culprit?.stage);
  expect(insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' })).toMatch(mutant.guilty.insn ?? /^/);
}
