import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { bpfProgram } from '../../src/arb/index.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { MUTANTS, type Mutant } from '../../src/mutant/index.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

/** Cases of one seed, made once: every mutant runs on the same ones. */
const CASES = fc.sample(bpfProgram(), { seed: 7, numRuns: 4000 });

/** Mutants of shifts through cl live where there is no BMI2. */
const optionsOf = (mutant: Mutant) => ({ bmi2: !mutant.name.startsWith('shift-'), ...mutant.jit });

/** The first case the oracle kills the mutant on. */
function firstKill(mutant: Mutant): CaseResult | undefined {
  const target = mutant.mutate(LINUX_TARGET);
  const checker = new Checker({ compile: (program) => compile(program, optionsOf(mutant), target).image });
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

function textAt({ program, culprit }: CaseResult): string {
  const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
  return insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' });
}

const localised: string[] = [];

describe('every mutant', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s is killed', (_, mutant) => {
    const result = firstKill(mutant);
    expect(result?.verdict).toBe('diverge');
    if (result === undefined) return;
    const { stages, insn = /^/ } = mutant.guilty;
    const stage = result.culprit?.stage;
    if (stage !== undefined && stages.includes(stage) && insn.test(textAt(result)))
      localised.push(mutant.name);
  });

  afterAll(() => {
    const lost = MUTANTS.map(({ name }) => name).filter((name) => !localised.includes(name));
    // Nine in ten are traced to the guilty instruction from their first, unshrunk kill.
    expect(lost.length, `not localised: ${lost.join(', ')}`).toBeLessThanOrEqual(MUTANTS.length / 10);
  });
});

describe('the mutants', () => {
  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it('leave the JIT they were made from alone', () => {
    const before = { ...LINUX_TARGET };
    for (const mutant of MUTANTS) mutant.mutate(LINUX_TARGET);
    expect(LINUX_TARGET).toEqual(before);
  });
});
