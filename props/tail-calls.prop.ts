/** Generated programs with tail calls: both sides agree, and the broken JITs of tail calls are found by them. */
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type TailCallProgram, tailCallProgram } from '../src/arb/index.ts';
import { CONVENTION_NAMES } from '../src/bpf/calling.ts';
import { Checker } from '../src/checker.ts';
import { interpretSteps } from '../src/interp/interpret.ts';
import { compile } from '../src/jit/compile.ts';
import { LINUX_TARGET } from '../src/jit/target.ts';
import { TAIL_CALL_MUTANTS } from '../src/mutant/tail-calls.ts';
import { minimise } from '../test/kit/arbitrary-kit.ts';
import { envOf } from '../test/kit/insns.ts';

const checkers: Checker[] = [];
afterAll(() => {
  for (const checker of checkers) checker.close();
});

const open = (options: ConstructorParameters<typeof Checker>[0]): Checker => {
  const checker = new Checker(options);
  checkers.push(checker);
  return checker;
};

describe.each(CONVENTION_NAMES)('%s', (convention) => {
  it.each([false, true])('runs every program with tail calls as the interpreter does; endbr %s', (endbr) => {
    const checker = open({ jit: { convention, endbr } });
    const programs = tailCallProgram({ stackArgs: convention === 'reply' });
    const property = fc.property(programs, ({ program, input }) => {
      expect(checker.check(program, { memory: input.memory })).toMatchObject({ verdict: 'agree' });
    });
    fc.assert(property, { seed: 91, numRuns: 1000 });
  });
});

/** Tail calls that went on elsewhere, and those that went on behind themselves. */
function tailCalls({ program, input }: TailCallProgram): { readonly made: number; readonly missed: number } {
  let [made, missed] = [0, 0];
  let last = -1;
  for (const { pc } of interpretSteps(program, envOf({ memory: input.memory }))) {
    const before = program.insns[last];
    if (before?.kind === 'call' && before.target === 'helper') {
      if (pc === last + 1) missed++;
      else made++;
    }
    last = pc;
  }
  return { made, missed };
}

describe('generated programs with tail calls', () => {
  const CASES = fc.sample(tailCallProgram(), { seed: 92, numRuns: 1500 });

  it('go on elsewhere in one of two, to the limit in one of four, and behind the call in one of two', () => {
    const counts = CASES.map(tailCalls);
    const share = (is: (count: (typeof counts)[number]) => boolean): number =>
      counts.filter(is).length / counts.length;
    expect(share(({ made }) => made > 0)).toBeGreaterThan(1 / 2);
    expect(share(({ made }) => made === 33)).toBeGreaterThan(1 / 4);
    expect(share(({ missed }) => missed > 0)).toBeGreaterThan(1 / 2);
  });

  it.each(TAIL_CALL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('kill %s', (_, mutant) => {
    const target = mutant.mutate(LINUX_TARGET);
    const checker = open({ compile: (program) => compile(program, {}, target).image });
    const killed = CASES.some(
      ({ program, input }) => checker.check(program, { memory: input.memory }).verdict === 'diverge',
    );
    expect(killed).toBe(true);
  });

  it('shrink to a main of one step', () => {
    const least = minimise(tailCallProgram(), () => true);
    expect(least.spec).toEqual({
      programs: [{ keeper: 0, saved: 0, words: 0, stackArgs: 0, steps: [{ kind: 'mix', imm: 0 }] }],
      leaves: [],
      functions: [],
      arrays: [[0], [0]],
    });
  });
});
