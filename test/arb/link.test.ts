/** Programs are put together without a look at their instructions: what they are said to be is what is in them. */
import { describe, expect, it } from 'vitest';
import { lower, type ProgramSpec } from '../../src/arb/index.ts';
import { shrinkProgram } from '../../src/arb/shrink.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { OracleError } from '../../src/core/errors.ts';
import { drawSpec } from '../../src/fuzz/generate.ts';

/** The same instructions and prototypes, by the way that programs of anybody else go. */
function rebuilt({ natives }: ProgramSpec, { name, insns, subprogs, data }: Program): Program {
  return buildProgram(insns, {
    name,
    functionNames: new Map(subprogs.map(({ start, name }) => [start, name])),
    functionArgs: new Map(subprogs.map(({ start, args }) => [start, args])),
    callees: natives.map(({ kind, args }, k) => ({ kind, id: k + 1, name: `${kind}${k + 1}`, args })),
    data,
  });
}

describe('a lowered program', () => {
  it('is what building it of its instructions gives', () => {
    for (let index = 0; index < 400; index++) {
      const spec = drawSpec(5, index);
      const { program } = lower(spec);
      expect(program).toStrictEqual(rebuilt(spec, program));
      expect([...program.callees.keys()]).toEqual([...rebuilt(spec, program).callees.keys()]);
    }
  });

  it('is so when it was shrunk: functions and natives that nobody calls are gone', () => {
    for (let index = 0; index < 10; index++) {
      for (const spec of shrinkProgram(drawSpec(6, index))) {
        const { program } = lower(spec);
        expect(program).toStrictEqual(rebuilt(spec, program));
      }
    }
  });

  it('knows more natives than there are names prepared for', () => {
    const natives = Array.from({ length: 12 }, () => ({ kind: 'kfunc', args: 1 }) as const);
    const spec = { ...drawSpec(5, 0), natives };
    const [main] = spec.functions;
    if (main === undefined) expect.fail('no main');
    const body = natives.map((_, index) => {
      const callee = { kind: 'native', index } as const;
      return { kind: 'call', callee, args: [], order: [], scratch: 0 } as const;
    });
    const { program } = lower({ ...spec, functions: [{ ...main, body }] });
    expect([...program.callees.values()].map(({ name }) => name)).toEqual(
      natives.map((_, k) => `kfunc${k + 1}`),
    );
    expect(program).toStrictEqual(rebuilt(spec, program));
  });
});

describe('a spec is refused', () => {
  const spec = drawSpec(5, 0);
  const [main] = spec.functions;

  it.each([
    ['without functions', { ...spec, functions: [] }, 'it has no functions'],
    [
      'with 13 arguments of a function',
      { ...spec, functions: [{ ...main, args: 13 }] },
      'a function takes at most 12 arguments, not 13',
    ],
    [
      'with 13 arguments of a kfunc',
      { ...spec, natives: [{ kind: 'kfunc', args: 13 }] },
      'a kfunc takes at most 12 arguments, not 13',
    ],
  ])('%s', (_, wrong, why) => {
    expect(() => lower(wrong as ProgramSpec)).toThrow(why);
    expect(() => lower(wrong as ProgramSpec)).toThrow(OracleError);
  });
});
