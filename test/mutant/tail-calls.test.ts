/** JITs whose tail calls are broken, on programs written for them: every one is killed, and where it should be. */
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { mutantNamed } from '../../src/mutant/index.ts';
import type { Mutant } from '../../src/mutant/mutant.ts';
import { TAIL_CALL_MUTANTS } from '../../src/mutant/tail-calls.ts';
import type { CaseResult } from '../../src/oracle/case.ts';
import { COUNTER, programOf, TAIL_CALL_PROGRAMS } from '../kit/tail-calls.ts';

function firstKill(mutant: Mutant): CaseResult | undefined {
  const target = mutant.mutate(LINUX_TARGET);
  const checker = new Checker({ compile: (program) => compile(program, {}, target).image });
  try {
    const results = TAIL_CALL_PROGRAMS.map((text) => checker.check(programOf(text), { memory: COUNTER }));
    return results.find(({ verdict }) => verdict === 'diverge');
  } finally {
    checker.close();
  }
}

describe('every mutant of tail calls', () => {
  it.each(TAIL_CALL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s is killed, at the instruction at fault',
    (_, mutant) => {
      const { culprit, program } = firstKill(mutant) ?? {};
      const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
      expect(insn, mutant.name).toBeDefined();
      if (insn === undefined) return;
      expect(disassemble(insn, { dialect: 'llvm' })).toMatch(mutant.guilty.insn ?? /^$/);
      expect(mutant.guilty.stages).toContain(culprit?.stage);
    },
  );

  it('can be named on the command line', () => {
    expect(mutantNamed('tail-call-limit-34')).toBe(TAIL_CALL_MUTANTS[0]);
    expect(mutantNamed('swap-args-7-8-bpf')).toBeDefined();
    expect(mutantNamed('nothing')).toBeUndefined();
  });
});
