/** Who stands alone, from the verdicts of several machines on one case. */
import { describe, expect, it } from 'vitest';
import { type CaseResult, skipped } from '../../src/oracle/case.ts';
import { disagreementsOf, groupsOf, type Voter } from '../../src/oracle/majority.ts';

const none = skipped('case', { kind: 'refused', why: 'no' });
const SAME: CaseResult = { ...none, verdict: 'agree', reason: null };
const SILENT: CaseResult = none;
const r0 = (value: bigint): CaseResult => ({
  ...none,
  verdict: 'diverge',
  reason: null,
  divergences: [
    { subject: { kind: 'r0' }, want: { kind: 'word', value: 0n }, got: { kind: 'word', value }, pc: null },
  ],
});

const voter = (jit: string, engine: string): Voter => ({ name: `${jit} on ${engine}`, jit, engine });
/** Of JITs a, b, c on engines x, y. */
const VOTERS = ['a', 'b', 'c'].flatMap((jit) => ['x', 'y'].map((engine) => voter(jit, engine)));

const told = (...results: CaseResult[]): string[] =>
  disagreementsOf(groupsOf(results), VOTERS.slice(0, results.length)).map(
    ({ kind, parties }) => `${kind}: ${parties.join(' / ')}`,
  );

describe('disagreementsOf', () => {
  // biome-ignore format: a table
  it.each([
    ['nobody, where all agree',               [SAME, SAME, SAME],                             []],
    ['nobody, where nobody says anything',    [SILENT, SILENT],                               []],
    ['a JIT, wrong on each engine',           [SAME, SAME, r0(1n), r0(1n)],                   ['alone: b']],
    ['an engine, wrong of each JIT',          [SAME, r0(1n), SAME, r0(1n)],                   ['alone: engine y']],
    ['one JIT on one engine',                 [SAME, SAME, SAME, r0(1n)],                     ['alone: b on y']],
    ['a JIT that spoke on one engine alone',  [SAME, SAME, r0(1n), SILENT],                   ['alone: b']],
    ['the interpreter',                       [r0(1n), r0(1n), r0(1n), r0(1n)],               ['alone: interpreter']],
    ['two, each in its own way',              [SAME, SAME, r0(1n), r0(1n), r0(2n), r0(2n)],   ['alone: b', 'alone: c']],
    ['the interpreter with one JIT',          [SAME, r0(1n), r0(1n), r0(1n), r0(1n), r0(1n)], ['alone: interpreter and a on x']],
    ['nobody by majority, where two sides are as large', [SAME, r0(1n), r0(1n)],              ['split: interpreter and a on x / a on y and b on x']],
    ['one against the interpreter',           [r0(1n)],                                       ['split: interpreter / a']],
  ])('tells %s', (_, results, parties) => {
    expect(told(...results)).toEqual(parties);
  });

  it('names a voter that differs from the interpreter, whose result tells how', () => {
    const results = [r0(1n), r0(1n), SAME];
    const [first] = disagreementsOf(groupsOf([SILENT, ...results]), VOTERS);
    expect(results[(first?.voter ?? 0) - 1]?.verdict).toBe('diverge');
  });
});
