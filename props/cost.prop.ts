/** What stack arguments cost in generated programs: the review's "zero overhead", instruction by instruction. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram } from '../src/arb/index.ts';
import { type Part, partsOf } from '../src/cost/parts.ts';
import { compile } from '../src/jit/compile.ts';

const NUM_RUNS = 2000;

describe.each(['linux', 'zero'] as const)('%s', (convention) => {
  it('takes one instruction for each load and store of a stack argument, and none at calls beside them', () => {
    const seen = new Map<Part, number>();
    const property = fc.property(bpfProgram(), ({ program }) => {
      const native = partsOf(program, compile(program, { convention }).image);
      const perSlot = new Map<number, number>();
      for (const { part, pc, cost } of native) {
        seen.set(part, (seen.get(part) ?? 0) + 1);
        if (pc === null || (part !== 'passed' && part !== 'received')) continue;
        perSlot.set(pc, (perSlot.get(pc) ?? 0) + 1);
        expect(cost.loads + cost.stores).toBeLessThanOrEqual(1);
        if (part === 'passed') expect(cost.loads).toBe(0);
        else expect(cost.stores).toBe(0);
      }
      expect([...perSlot].filter(([, insns]) => insns !== 1)).toEqual([]);
      expect(native.filter(({ part }) => part === 'before' || part === 'after')).toEqual([]);
    });
    fc.assert(property, { seed: 83, numRuns: NUM_RUNS });
    for (const part of ['passed', 'received', 'call'] as const)
      expect(seen.get(part)).toBeGreaterThan(NUM_RUNS / 2);
  });
});

it('is dearer elsewhere: v3 copies at calls, reply moves argument 6 of kfuncs', () => {
  const around = { v3: 0, reply: 0 };
  const property = fc.property(bpfProgram(), ({ program }) => {
    for (const convention of ['v3', 'reply'] as const) {
      const native = partsOf(program, compile(program, { convention }).image);
      around[convention] += native.filter(({ part }) => part === 'before' || part === 'after').length;
    }
  });
  fc.assert(property, { seed: 84, numRuns: 200 });
  expect(around.reply).toBeGreaterThan(0);
  expect(around.v3).toBeGreaterThan(around.reply);
});
