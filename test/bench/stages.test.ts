import { describe, expect, it } from 'vitest';
import { bareEngine } from '../../src/bench/bare-engine.ts';
import { casesBySize, firstCases, SIZES } from '../../src/bench/cases.ts';
import { judgedCases, wholeCases } from '../../src/bench/stages.ts';
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

  it('is every stage of a case, and their sum', () => {
    const engine = openUnicorn();
    const figures = wholeCases(engine, 40).run();
    engine.close();
    const { sum = 0, ...stages } = Object.fromEntries(figures);
    expect(Object.keys(stages)).toEqual([
      'generate',
      'encode',
      'compile',
      'interpret',
      'emulate',
      'compare',
      'count',
    ]);
    expect(Object.values(stages).every((spent) => spent > 0)).toBe(true);
    expect(Object.values(stages).reduce((all, spent) => all + spent, 0)).toBeCloseTo(sum, 3);
  });

  it('is the same images with and without anyone looking', () => {
    const made = firstCases(40);
    const [watched, bare] = [openUnicorn(), openUnicorn()];
    expect(judgedCases('cases', watched, made).run().get('emulate')).toBeGreaterThan(0);
    expect(bareEngine('bare', bare, made).run().get('emulate')).toBeGreaterThan(0);
    watched.close();
    bare.close();
  });
});
