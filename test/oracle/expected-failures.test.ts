import { describe, expect, it } from 'vitest';
import { type CaseResult, skipped, summarise, type VerdictName } from '../../src/oracle/case.ts';
import { type ExpectedFailure, expectFailures } from '../../src/oracle/expected-failures.ts';

const result = (name: string, verdict: VerdictName): CaseResult => ({
  ...skipped(name, { kind: 'file', why: 'no result' }),
  verdict,
});

const entry = (name: string, line = 1): ExpectedFailure => ({ name, reason: 'known', line });

const whys = (results: readonly CaseResult[], ...names: string[]): string[] =>
  expectFailures(
    results,
    names.map((name) => entry(name)),
  ).stale.map(({ name, why }) => `${name}: ${why}`);

describe('expectFailures', () => {
  it('marks the divergence it names, and no other', () => {
    const results = [result('t/a.data', 'diverge'), result('t/b.data', 'diverge')];
    const expected = expectFailures(results, [entry('t/a.data')]);
    expect(expected.stale).toEqual([]);
    expect(expected.results.map(({ expectedFailure }) => expectedFailure)).toEqual(['known', undefined]);
    expect(summarise(expected.results)).toEqual({
      ran: 2,
      agree: 0,
      diverge: 1,
      expectedFailures: 1,
      inconclusive: 0,
      skipped: 0,
    });
  });

  it('takes a name from a slash on, and no other part of it', () => {
    const results = [result('t/a.data', 'diverge')];
    expect(whys(results, 'a.data')).toEqual([]);
    expect(whys(results, 'data', 'a', 't/', 'b/a.data')).toEqual([
      'data: absent',
      'a: absent',
      't/: absent',
      'b/a.data: absent',
    ]);
  });

  it('a whole name counts before the end of another one', () => {
    const results = [result('a.data', 'diverge'), result('t/a.data', 'agree')];
    expect(whys(results, 'a.data')).toEqual([]);
  });

  it.each(['agree', 'inconclusive', 'skipped'] as const)('an entry whose case is %s is stale', (verdict) => {
    const results = [result('a.data', verdict)];
    expect(whys(results, 'a.data')).toEqual([`a.data: ${verdict}`]);
    expect(expectFailures(results, [entry('a.data')]).results).toEqual(results);
  });

  it('an entry that names several cases is stale; a case judged twice is one', () => {
    const diverging = (name: string) => result(name, 'diverge');
    expect(whys([diverging('t/a.data'), diverging('u/a.data')], 'a.data')).toEqual(['a.data: ambiguous']);
    expect(whys([diverging('t/a.data'), diverging('t/a.data')], 'a.data')).toEqual([]);
    expect(whys([diverging('t/a.data'), result('t/a.data', 'agree')], 'a.data')).toEqual(['a.data: agree']);
  });
});
