import { describe, expect, it } from 'vitest';
import { bareEngine } from '../../src/bench/bare-engine.ts';
import { casesBySize, firstCases, SIZES } from '../../src/bench/cases.ts';
import { judgedCases, NATIVE, SUM, wholeCases } from '../../src/bench/stages.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';

describe('what bench times', () => {
  it('is programs of the sizes it says', () => {
    const bySize = casesBySize(20);
    for (const { name, least, most } of SIZES) {
      const lengths = (bySize.get(name) ?? []).map(({ program }) => program.insns.length);
      expect(lengths).toHaveLength(20);
      expect(lengths.every((length) => length >= least && length <= most)).toBe(true);
    }
  });

  it('is every stage of a case, each by itself, and their sum', () => {
    const engine = openUnicorn();
    const probe = wholeCases(engine, 40, 'whole');
    for (const figures of [probe.run(), probe.run()]) {
      const { [SUM]: sum, [NATIVE]: native, ...stages } = Object.fromEntries(figures);
      expect(Object.keys(stages)).toEqual([
        'generate',
        'encode',
        'compile',
        'interpret',
        'load',
        'emulate',
        'observe',
        'compare',
        'count',
      ]);
      const { load = 0, emulate = 0, observe = 0 } = stages;
      expect(Object.values(stages).every((spent) => spent > 0)).toBe(true);
      expect(Object.values(stages).reduce((all, spent) => all + spent, 0)).toBeCloseTo(sum ?? 0, 3);
      expect(load + emulate + observe).toBeCloseTo(native ?? 0, 3);
    }
    engine.close();
  });

  it('is no more than what there is to do where programs are there already', () => {
    const engine = openUnicorn();
    const figures = judgedCases('cases', engine, firstCases(40)).run();
    engine.close();
    const stages = ['compile', 'interpret', 'load', 'emulate', 'observe', 'compare'];
    expect([...figures.keys()]).toEqual([...stages, SUM, NATIVE]);
    expect([...figures.values()].every((spent) => spent > 0)).toBe(true);
  });

  it('is the same images with no one looking', () => {
    for (const engine of [openUnicorn({ blockHook: 'none' }), openUnicorn()]) {
      expect(bareEngine('bare', engine, firstCases(400)).run().get('emulate')).toBeGreaterThan(0);
      engine.close();
    }
  });
});
