/** Generated programs on both machines. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram, functionBody, hostileProgram, input, lower, programSpec } from '../src/arb/index.ts';
import { interpret } from '../src/interp/interpret.ts';
import { openJudge, verdictOf } from '../test/kit/judging.ts';

const judge = openJudge();

describe('generated programs', () => {
  it('the JIT does what the reference interpreter does', () => {
    const property = fc.property(bpfProgram(), (generated) => {
      expect(verdictOf(judge(generated))).toBe('agree');
    });
    fc.assert(property, { seed: 31, numRuns: 5000 });
  });

  it('large programs too', () => {
    const large = bpfProgram({ maxStatements: 25, maxContext: 512, maxNatives: 9 });
    const property = fc.property(large, (generated) => {
      expect(verdictOf(judge(generated))).toBe('agree');
    });
    fc.assert(property, { seed: 32, numRuns: 500 });
  });

  it('a body does the same in a function of any number of arguments', () => {
    const property = fc.property(functionBody(), fc.integer({ min: 0, max: 12 }), (body, args) => {
      const plain = { stack: 64, incoming: [], restarts: 0, mix: 1022 };
      const call = {
        kind: 'call',
        callee: { kind: 'bpf', index: 0 },
        args: [],
        order: [],
        scratch: 0,
      } as const;
      const generated = lower({
        functions: [
          { ...plain, args: 2, body: [call] },
          { ...plain, args, body },
        ],
        natives: [{ kind: 'kfunc', args: 12 }],
        ctx: 16,
        data: 16,
        rodata: 16,
        seed: args,
      });
      expect(verdictOf(judge(generated))).toBe('agree');
    });
    fc.assert(property, { seed: 33, numRuns: 1000 });
  });

  it('the sides agree on any context memory, whatever the program was drawn with', () => {
    const property = fc.property(bpfProgram({ maxContext: 0 }), input(), ({ program }, other) => {
      expect(verdictOf(judge({ program, input: other }))).toBe('agree');
    });
    fc.assert(property, { seed: 34, numRuns: 1000 });
  });

  it('the reference interpreter is deterministic, and keeps what it is given', () => {
    const property = fc.property(bpfProgram(), ({ program, input: given }) => {
      const env = { input: given, models: new Map(), insnLimit: 50_000 };
      const before = structuredClone({ program, memory: given.memory });
      expect(interpret(program, env)).toEqual(interpret(program, env));
      expect({ program, memory: given.memory }).toEqual(before);
    });
    fc.assert(property, { seed: 35, numRuns: 400 });
  });

  it('the JIT does the same again: nothing is left of the run before', () => {
    const property = fc.property(bpfProgram(), bpfProgram(), (generated, between) => {
      const first = judge(generated);
      judge(between);
      expect(judge(generated).got).toEqual(first.got);
    });
    fc.assert(property, { seed: 36, numRuns: 400 });
  });
});

describe('hostile programs', () => {
  it('one that diverges makes a call that takes more than is passed', () => {
    const property = fc.property(hostileProgram(), (hostile) => {
      const { verdict } = judge(hostile);
      const rules = hostile.breaches.map(({ rule }) => rule);
      expect(verdict !== 'diverge' || rules.includes('missing-argument')).toBe(true);
    });
    fc.assert(property, { seed: 37, numRuns: 2000 });
  });
});

describe('shrinks', () => {
  it('stay valid, and agree, however far a program is shrunk', () => {
    const path = fc.array(fc.nat(60), { minLength: 1, maxLength: 12 });
    const specs = programSpec();
    const property = fc.property(specs, path, (spec, choices) => {
      for (const choice of choices) {
        spec = nthShrink(spec, choice) ?? spec;
        expect(verdictOf(judge(lower(spec)))).toBe('agree');
      }
    });
    fc.assert(property, { seed: 38, numRuns: 400 });

    function nthShrink(spec: typeof specs extends fc.Arbitrary<infer T> ? T : never, n: number) {
      let last: typeof spec | undefined;
      for (const { value } of specs.shrink(spec, undefined)) {
        last = value;
        if (n-- === 0) break;
      }
      return last;
    }
  });
});
