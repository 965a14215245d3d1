/** Mutants on programs made for them: the first that shows one, and whether it is shown where it should be. */
import { expect } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { mutantCompile } from '../../src/cli/mutant-oracles.ts';
import type { Input } from '../../src/core/env.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';
import { laneCases } from '../../src/fuzz/kill-lanes.ts';
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

const LANE_CASES = 200;
const SEED = 4;

/** The first case of its lane that shows it, or that another JIT than it fails on. */
export function firstLaneKill(mutant: Mutant, compileImage = mutantCompile(mutant)): CaseResult | undefined {
  const make = laneCases(mutant.lane ?? 'valid', mutant.convention);
  const checker = new Checker({ compile: compileImage });
  try {
    for (let index = 0; index < LANE_CASES; index++) {
      const path = { index, choices: [] };
      const result = judgeCase(checker, make(SEED, path), SEED, path);
      if (result.verdict === 'diverge') return result;
    }
    return undefined;
  } finally {
    checker.close();
  }
}

/** It is killed, at the instruction at fault. */
export const expectKilled = (cases: Cases, mutant: Mutant): void =>
  expectGuilty(firstKill(cases, mutant), mutant);

/** What shows it points at the instruction at fault. */
export function expectGuilty(kill: CaseResult | undefined, mutant: Mutant): void {
  const { culprit, program } = kill ?? {};
  const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
  expect(culprit, mutant.name).toBeDefined();
  expect(mutant.guilty.stages).toContain(culprit?.stage);
  expect(insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' })).toMatch(mutant.guilty.insn ?? /^/);
}
