/** Generated programs under every way for stack arguments to travel. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { bpfProgram } from '../src/arb/index.ts';
import { CONVENTION_NAMES } from '../src/bpf/calling.ts';
import { buildProgram } from '../src/bpf/program.ts';
import { toFileForm } from '../src/bpf/stack-arg-form.ts';
import { Checker } from '../src/checker.ts';

const checkers: Checker[] = [];
afterAll(() => {
  for (const checker of checkers) checker.close();
});

describe.each(CONVENTION_NAMES)('%s', (convention) => {
  it('runs every program as the interpreter does', () => {
    const checker = new Checker({ jit: { convention } });
    checkers.push(checker);
    const property = fc.property(bpfProgram(), ({ program, input }) => {
      expect(checker.check(program, { memory: input.memory })).toMatchObject({ verdict: 'agree' });
    });
    fc.assert(property, { seed: 81, numRuns: 1000 });
  });

  it('reads back what it writes', () => {
    const property = fc.property(bpfProgram(), ({ program }) => {
      const { subprogs } = program;
      const again = buildProgram(toFileForm(program.insns, subprogs, convention), {
        convention,
        functionNames: new Map(subprogs.map(({ start, name }) => [start, name])),
        functionArgs: new Map(subprogs.map(({ start, args }) => [start, args])),
      });
      expect(again.insns).toEqual(program.insns);
      expect(again.subprogs).toEqual(subprogs);
    });
    fc.assert(property, { seed: 82, numRuns: 500 });
  });
});
