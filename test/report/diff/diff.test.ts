import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonReport, JsonResult } from '../../../src/report/check-document.ts';
import type { Change, DiffReport } from '../../../src/report/diff/change.ts';
import { type DiffOptions, diff } from '../../../src/report/diff/diff.ts';
import { diffFindings, diffJson, diffText } from '../../../src/report/diff/reports.ts';
import type { MutantsDocument } from '../../../src/report/documents/mutants.ts';
import type { JsonDocument } from '../../../src/report/documents/read.ts';
import type { JsonFuzzReport } from '../../../src/report/fuzz-json.ts';

const result = (name: string, changes: Partial<JsonResult> = {}): JsonResult => ({
  name,
  file: `${name}.o`,
  verdict: 'agree',
  reason: null,
  outcome: 'exit',
  r0: '0x0000000000000001',
  memory: '',
  insns: 7,
  divergences: [],
  ...changes,
});

const cases = (...results: readonly JsonResult[]): JsonReport => ({
  schema: 'bpf-oracle/check@1',
  summary: { ran: results.length, agree: 0, diverge: 0, inconclusive: 0, skipped: 0 },
  results,
});

const diverge = { verdict: 'diverge', bucket: 'add 32 K', divergenceCount: 1 } as const;
const culprit = { pc: 3, insn: 'r1 += 1', native: 'add', offset: 9, stage: 'insn' };

const compare = (before: JsonDocument, after: JsonDocument, options?: DiffOptions): DiffReport =>
  diff({ where: 'a.json', document: before }, { where: 'b.json', document: after }, options);

/** `effect subject name: field: before > after` */
const lines = ({ changes }: DiffReport): string[] =>
  changes.map(
    ({ effect, subject, name, kind, field, before, after }: Change) =>
      `${effect} ${subject} ${name}: ${field ?? kind}: ${before} > ${after}`,
  );

describe('diff of cases', () => {
  it('is nothing between equals', () => {
    const report = cases(result('a'), result('b', diverge), result('a'));
    expect(compare(report, report)).toMatchObject({ changes: [], same: 3, rate: null });
  });

  it.each<[Partial<JsonResult>, Partial<JsonResult>, readonly string[]]>([
    [
      {},
      { ...diverge, r0: '0x2' },
      [
        'worse case a: verdict: agree > diverge',
        'other case a: r0: 0x0000000000000001 > 0x2',
        'other case a: bucket: null > add 32 K',
      ],
    ],
    [diverge, {}, ['better case a: verdict: diverge > agree', 'other case a: bucket: add 32 K > null']],
    [
      {},
      { verdict: 'inconclusive', reason: 'x' },
      ['worse case a: verdict: agree > inconclusive', 'other case a: reason: null > x'],
    ],
    [{}, { verdict: 'skipped' }, ['worse case a: verdict: agree > skipped']],
    [{ verdict: 'skipped' }, { verdict: 'inconclusive' }, ['other case a: verdict: skipped > inconclusive']],
    [
      { verdict: 'skipped' },
      { verdict: 'skipped', reasonKind: 'failed' },
      ['worse case a: verdict: skipped > not read'],
    ],
    [diverge, { ...diverge, expectedFailure: 'bug' }, ['better case a: verdict: diverge > expected failure']],
    [
      {},
      { ...diverge, bucket: 'x', expectedFailure: 'bug' },
      ['worse case a: verdict: agree > expected failure', 'other case a: bucket: null > x'],
    ],
    [{ verdict: 'inconclusive' }, {}, ['better case a: verdict: inconclusive > agree']],
    [
      {},
      { insns: 8, memory: 'ff', outcome: 'fault' },
      ['other case a: outcome: exit > fault', 'other case a: memory:  > ff', 'other case a: insns: 7 > 8'],
    ],
    [
      { ...diverge, culprit },
      { ...diverge, culprit: { ...culprit, pc: 4 } },
      ['other case a: culprit: 3: r1 += 1 > 4: r1 += 1'],
    ],
    [{ ...diverge, culprit }, { ...diverge, culprit: { ...culprit, offset: 80, native: 'sub' } }, []],
  ])('%j to %j', (before, after, want) => {
    expect(lines(compare(cases(result('a', before)), cases(result('a', after))))).toEqual(want);
  });

  it('has a new case fail if it diverges, and a case that agreed fail if it is gone', () => {
    const before = cases(result('gone'), result('bad', diverge), result('stays'));
    const after = cases(result('new'), result('stays'), result('new bad', diverge));
    expect(lines(compare(before, after))).toEqual([
      'other case new: added: null > agree',
      'worse case new bad: added: null > diverge',
      'worse case gone: removed: agree > null',
      'other case bad: removed: diverge > null',
    ]);
  });

  it('tells cases of one name apart by their order', () => {
    const before = cases(result('a'), result('a', { insns: 1 }));
    expect(lines(compare(before, cases(result('a'), result('a', { insns: 2 }))))).toEqual([
      'other case a: insns: 1 > 2',
    ]);
  });

  it('shows exactly the changes that were planted, whatever they are', () => {
    const verdict = fc.constantFrom('agree', 'diverge', 'inconclusive', 'skipped');
    const some = fc.array(fc.record({ verdict, insns: fc.nat({ max: 3 }), gone: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(some, some, (before, after) => {
        const make = (rows: typeof before): JsonReport =>
          cases(
            ...rows.flatMap(({ verdict, insns, gone }, i) =>
              gone ? [] : [result(`${i}`, { verdict, insns })],
            ),
          );
        const there = compare(make(before), make(after));
        const back = compare(make(after), make(before));
        const count = Math.max(before.length, after.length);
        let planted = 0;
        let same = 0;
        for (let i = 0; i < count; i++) {
          const [a, b] = [before[i], after[i]].map((row) => (row?.gone === false ? row : undefined));
          if (a === undefined && b === undefined) continue;
          const differ =
            a === undefined || b === undefined
              ? 1
              : Number(a.verdict !== b.verdict) + Number(a.insns !== b.insns);
          planted += differ;
          if (differ === 0) same++;
        }
        expect(there.changes).toHaveLength(planted);
        expect(there.same).toBe(same);
        const fields = ({ changes }: DiffReport, effect: string) =>
          changes
            .filter((change) => change.effect === effect && change.field !== null)
            .map(({ name }) => name)
            .sort();
        expect(fields(back, 'better')).toEqual(fields(there, 'worse'));
        expect(fields(back, 'worse')).toEqual(fields(there, 'better'));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

const fuzz = (changes: Partial<JsonFuzzReport> = {}): JsonFuzzReport => {
  const arity = { '0': 5, '7': 2 };
  const counts = { ran: 100, agree: 100, diverge: 0, inconclusive: 0, skipped: 0 };
  return {
    schema: 'bpf-oracle/fuzz@1',
    seed: 1,
    digest: '0123456789abcdef',
    summary: counts,
    vacuous: { noCall: 0, sampled: 0, callWithoutEffect: 0, calls: 0, callsWithoutEffect: 0 },
    corpus: { ran: 2, agree: 2, diverge: 0, inconclusive: 0, skipped: 0 },
    seconds: 2,
    casesPerSecond: 50,
    statistics: {
      outcomes: { exit: 100 },
      exitPercent: 100,
      insns: { median: 5, mean: 6 },
      calls: { median: 5, mean: 6 },
    },
    coverage: {
      arity,
      calls: { bpf: 7, kfunc: 7, helper: 5 },
      arityByCallee: { bpf: arity, kfunc: arity, helper: { '0': 5, '7': 0 } },
      opcodes: { covered: 9, total: 10, missing: ['xor 32 K'] },
    },
    failures: [],
    inconclusive: [],
    ...changes,
  };
};

const failure = (bucket: string, cases = 3) => ({
  seed: 1,
  path: '12:0',
  shrinks: 1,
  bucket,
  cases,
  file: `corpus/${bucket}.data`,
  culprit: null,
});

describe('diff of fuzz', () => {
  it('is nothing between equals but for time', () => {
    const report = compare(fuzz(), fuzz({ seconds: 9, casesPerSecond: 11 }));
    expect(report.changes).toEqual([]);
    expect(diffText(report, { color: false })).toBe(
      'rate: 50 to 11 cases/s (-78 %)\n0 worse, 0 better, 0 other changes; 0 buckets the same\n',
    );
  });

  it('has new and lost buckets, counts and culprits', () => {
    const before = fuzz({ failures: [failure('old'), failure('same'), failure('more')] });
    const after = fuzz({ failures: [failure('more', 1), failure('new', 1), failure('same')] });
    const report = compare(before, after);
    expect(report.same).toBe(1);
    expect(lines(report)).toEqual([
      'other bucket more: cases: 3 > 1',
      'worse bucket new: added: null > 1 case',
      'better bucket old: removed: 3 cases > null',
    ]);
  });

  it('has coverage that was lost and won', () => {
    const { coverage } = fuzz();
    const after = fuzz({
      coverage: {
        ...coverage,
        arityByCallee: { ...coverage.arityByCallee, kfunc: { '0': 5, '7': 0 }, helper: { '0': 5, '7': 1 } },
        opcodes: { covered: 9, total: 10, missing: ['add 64 X'] },
      },
    });
    expect(lines(compare(fuzz(), after))).toEqual([
      'better coverage opcode xor 32 K: covered: no > yes',
      'worse coverage opcode add 64 X: covered: yes > no',
      'worse coverage kfunc with 7 arguments: covered: yes > no',
      'better coverage helper with 7 arguments: covered: no > yes',
    ]);
  });

  it('has saved cases that diverge, and what was run', () => {
    const corpus = { ran: 3, agree: 2, diverge: 1, inconclusive: 0, skipped: 0 };
    expect(lines(compare(fuzz(), fuzz({ corpus, digest: 'f' })))).toEqual([
      'worse corpus saved cases: diverge: 0 > 1',
      'other corpus saved cases: ran: 2 > 3',
      'other campaign cases: digest: 0123456789abcdef > f',
    ]);
    expect(lines(compare(fuzz(), fuzz({ seed: 2, digest: 'f' })))).toEqual([
      'other campaign cases: seed: 1 > 2',
    ]);
  });

  it('has a rate fail only where it is asked to', () => {
    const slow = fuzz({ casesPerSecond: 39 });
    expect(compare(fuzz(), slow).changes).toEqual([]);
    expect(compare(fuzz(), slow, { slower: 22 }).changes).toEqual([]);
    expect(lines(compare(fuzz(), slow, { slower: 20 }))).toEqual([
      'worse rate cases per second: rate: 50 > 39',
    ]);
    expect(() => compare(cases(), cases(), { slower: 5 })).toThrow('have no rate; leave it out');
  });
});

describe('diff of kill matrices', () => {
  const mutant = (name: string, changes = {}) => ({
    name,
    killed: true,
    cases: 4,
    localised: true,
    ...changes,
  });
  const matrix = (...mutants: MutantsDocument['mutants']): MutantsDocument => ({
    schema: 'bpf-oracle/mutants@1',
    seeds: [1],
    runs: 100,
    mutants,
    control: { cases: 10, agree: 10, diverging: [] },
    seconds: 1,
  });

  it('has what is seen no more', () => {
    const before = matrix(mutant('a'), mutant('b'), mutant('gone'), mutant('c', { killed: false }));
    const after = matrix(
      mutant('a', { killed: false, cases: null }),
      mutant('b', { localised: false, cases: 9 }),
      mutant('c'),
      mutant('d', { killed: false }),
    );
    const control = { cases: 10, agree: 9, diverging: ['x'] };
    expect(lines(compare(before, { ...after, control, runs: 50 }))).toEqual([
      'worse mutant a: verdict: killed > lives',
      'other mutant a: cases: 4 > null',
      'worse mutant b: localised: true > false',
      'other mutant b: cases: 4 > 9',
      'better mutant c: verdict: lives > killed',
      'worse mutant d: added: null > lives',
      'worse mutant gone: removed: killed > null',
      'worse control JIT as it is: diverge: 0 > 1',
      'other campaign kill matrix: runs: 100 > 50',
    ]);
  });
});

describe('diff', () => {
  it('refuses reports of two kinds, and parts with wholes', () => {
    expect(() => compare(cases(), fuzz())).toThrow(
      'diff: b.json: it is a bpf-oracle/fuzz@1, a.json a bpf-oracle/check@1; compare reports of one kind',
    );
    const shard = { index: 1, count: 2, settings: {}, trouble: 0, positions: [], of: 0 };
    expect(() => compare({ ...cases(), shard }, cases())).toThrow(
      'diff: b.json: it is of a whole run, a.json part 1/2 of a run; join parts with "bpf-oracle merge"',
    );
  });

  const report = compare(
    cases(result('a'), result('b')),
    cases(result('b', { memory: 'ff'.repeat(99) }), result('c', diverge)),
  );

  it('is a table, the worst first', () => {
    expect(diffText(report, { color: false })).toBe(`\
       what  name  field    before  after
worse  case  c     added    -       diverge
worse  case  a     removed  agree   -
other  case  b     memory   -       ${'ff'.repeat(24)}…

2 worse, 0 better, 1 other change; 0 cases the same
`);
  });

  it('is a JSON document', () => {
    const document: unknown = JSON.parse(diffJson(report));
    expect(document).toMatchObject({
      schema: 'bpf-oracle/diff@1',
      of: 'bpf-oracle/check@1',
      before: 'a.json',
      after: 'b.json',
      summary: { worse: 2, better: 0, other: 1, same: 0 },
      rate: null,
      changes: [{ name: 'c', effect: 'worse', kind: 'added' }, { name: 'a' }, { name: 'b', field: 'memory' }],
    });
  });

  it('is a list of findings, of which what got worse fails', () => {
    expect(diffFindings(report).findings).toMatchObject([
      { name: 'case c: added', status: 'fail', rule: { id: 'diff/worse' }, place: { file: 'c.o' } },
      { name: 'case a: removed', status: 'fail' },
      { name: 'case b: memory', status: 'pass' },
    ]);
    expect(diffFindings(compare(cases(), cases())).findings).toMatchObject([
      { name: 'no change', status: 'pass' },
    ]);
  });
});
