/** JITs of the mail thread's layouts whose calls are broken: every one is killed, and where it should be. */
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { mutantCompile, targetOf } from '../../src/cli/mutant-oracles.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';
import { laneCases } from '../../src/fuzz/kill-lanes.ts';
import { compile } from '../../src/jit/compile.ts';
import { CONVENTION_MUTANTS } from '../../src/mutant/conventions.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

const CASES = 200;

function firstKill(mutant: Mutant, compileImage = mutantCompile(mutant)): CaseResult | undefined {
  const make = laneCases(mutant.lane ?? 'valid', mutant.convention);
  const checker = new Checker({ compile: compileImage });
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

describe('every mutant of v3 and reply', () => {
  it.each(CONVENTION_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      const { culprit, program } = firstKill(mutant) ?? {};
      expect(mutant.guilty.stages).toContain(culprit?.stage);
      const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
      expect(insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' })).toMatch(
        mutant.guilty.insn ?? /^/,
      );
      expect(mutant.name.startsWith(`${mutant.convention}-`)).toBe(true);
    },
  );

  it.each([
    ['v3', 'valid'],
    ['v3', 'private-stack'],
    ['reply', 'valid'],
    ['reply', 'private-stack'],
    ['reply', 'tail-calls'],
  ] as const)('is the doing of the mutants: %s as it is agrees on the lane %s', (convention, lane) => {
    const [mutant] = CONVENTION_MUTANTS.filter((each) => each.convention === convention) as [Mutant];
    const sound = targetOf(mutant);
    const kill = firstKill({ ...mutant, lane }, (program, { jit }) => compile(program, jit, sound).image);
    expect(kill?.name).toBeUndefined();
  });
});
