import { describe, expect, it } from 'vitest';
import { type CaseResult, skipped } from '../../src/oracle/case.ts';
import { vacuityLines, vacuitySummary, vacuousText } from '../../src/report/vacuity.ts';

const result = (reached: number[], withoutEffect: number[], calls = 3): CaseResult => ({
  ...skipped('a', { kind: 'file', why: '' }),
  verdict: 'agree',
  vacuity: { calls, reached, withoutEffect, untried: 0 },
});

describe('vacuityLines', () => {
  it.each([
    [[], [], ['vacuous: reaches none of its 3 calls']],
    [[4], [4], ['vacuous: nothing misses its call: insn 4']],
    [[4, 9], [4, 9], ['vacuous: nothing misses any of its calls: insns 4, 9']],
    [[4, 9], [4], []],
  ])('reached %j, not missed %j', (reached, withoutEffect, lines) => {
    expect(vacuityLines(result(reached, withoutEffect))).toEqual(lines);
  });

  it('nothing of programs without calls, or where it was not asked', () => {
    expect(vacuityLines(result([], [], 0))).toEqual([]);
    expect(vacuityLines(skipped('a', { kind: 'file', why: '' }))).toEqual([]);
    expect(vacuitySummary([result([], [], 0)])).toEqual([]);
  });
});

describe('vacuousText', () => {
  it('counts cases and calls', () => {
    expect(vacuitySummary([result([], []), result([4, 9], [4]), result([4], [4])])).toEqual([
      'vacuous: no call reached in 1 of 3 cases; no call missed when taken out in 1 of 2 tried (1 of 3 calls is)',
    ]);
  });

  it('says nothing of trials where there were none', () => {
    const counts = { noCall: 0, sampled: 0, callWithoutEffect: 0, calls: 0, callsWithoutEffect: 0 };
    expect(vacuousText(counts, 1)).toBe('vacuous: no call reached in 0 of 1 case');
  });
});
