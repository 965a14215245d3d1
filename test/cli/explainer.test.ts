import { afterAll, describe, expect, it } from 'vitest';
import { Checker } from '../../src/checker.ts';
import { Explainer } from '../../src/cli/explainer.ts';
import { mutated } from '../fuzz/mutated.ts';
import { programOf } from '../kit/mutated-checker.ts';

const WRONG = programOf('*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\n');
const RIGHT = programOf('r0 = 0\nexit\n');

describe('an explainer', () => {
  const checker = new Checker({ compile: mutated('fp-after-sub') });
  afterAll(() => checker.close());

  it('keeps the steps of what diverges, for one taking', () => {
    const explainer = new Explainer(true);
    const result = explainer.over(checker).check(WRONG, { name: 'x' });
    expect(result.verdict).toBe('diverge');
    const explained = explainer.take();
    expect(explained?.result).toEqual(result);
    expect(explained?.trace?.steps.length).toBeGreaterThan(0);
    expect(explainer.take()).toBeNull();
  });

  it('keeps nothing of what agrees, nor of the case before it', () => {
    const explainer = new Explainer(true);
    const judge = explainer.over(checker);
    judge.check(WRONG);
    expect(judge.check(RIGHT).verdict).toBe('agree');
    expect(explainer.take()).toBeNull();
  });

  it('keeps nothing where no report wants it', () => {
    const explainer = new Explainer(false);
    expect(explainer.over(checker).check(WRONG).verdict).toBe('diverge');
    expect(explainer.take()).toBeNull();
  });

  it('ends after so many cases', () => {
    const explainer = new Explainer(true, { cases: 2, steps: 1000 });
    const judge = explainer.over(checker);
    const kept = [1, 2, 3].map(() => {
      judge.check(WRONG);
      return explainer.take() !== null;
    });
    expect(kept).toEqual([true, true, false]);
  });

  it('keeps the last steps, and fewer of a case when those before had many', () => {
    const text = 'r6 = 200\nr7 = 0\nl:\nr7 += r6\nr6 -= 1\nif r6 != 0 goto l\nr0 = -1\nexit\n';
    const late = new Checker({ compile: mutated('mov64-imm-zero-extended') });
    const explainer = new Explainer(true, { cases: 9, steps: 450 });
    const judge = explainer.over(late);
    const program = programOf(text);
    const steps = [1, 2, 3].map(() => {
      judge.check(program);
      return explainer.take()?.trace?.steps.length;
    });
    late.close();
    expect(steps).toEqual([450, 100, 100]);
  });
});
