/** Two reports of fuzz: buckets, coverage, and how fast it was. */
import type { JsonFailure, JsonFuzzReport } from '../fuzz-json.ts';
import { type Change, type Compared, changed, paired } from './change.ts';

export function diffFuzz(before: JsonFuzzReport, after: JsonFuzzReport): Compared {
  const buckets = paired(before.failures, after.failures, ({ bucket }) => bucket).map(({ a, b }) =>
    bucketChanges(a, b),
  );
  return {
    changes: [
      ...buckets.flat(),
      ...corpusChanges(before, after),
      ...coverageChanges(before, after),
      ...campaignChanges(before, after),
    ],
    same: buckets.filter((found) => found.length === 0).length,
    rate: { before: before.casesPerSecond, after: after.casesPerSecond },
  };
}

function bucketChanges(a: JsonFailure | undefined, b: JsonFailure | undefined): Change[] {
  const { bucket: name = '', file = '' } = b ?? a ?? {};
  const subject = { subject: 'bucket', name, file } as const;
  const cases = (count: number): string => (count === 1 ? '1 case' : `${count} cases`);
  if (a === undefined) {
    const after = b === undefined ? null : cases(b.cases);
    return [{ ...subject, kind: 'added', field: null, before: null, after, effect: 'worse' }];
  }
  if (b === undefined)
    return [
      { ...subject, kind: 'removed', field: null, before: cases(a.cases), after: null, effect: 'better' },
    ];
  return [
    ...changed(subject, 'cases', a.cases, b.cases),
    ...changed(subject, 'culprit', a.culprit?.insn, b.culprit?.insn),
    ...changed(subject, 'path', a.path, b.path),
  ];
}

/** Saved cases that diverge. */
function corpusChanges({ corpus: a }: JsonFuzzReport, { corpus: b }: JsonFuzzReport): Change[] {
  const subject = { subject: 'corpus', name: 'saved cases' } as const;
  return [
    ...changed(subject, 'diverge', a.diverge, b.diverge, b.diverge > a.diverge ? 'worse' : 'better'),
    ...changed(subject, 'ran', a.ran, b.ran),
  ];
}

function coverageChanges({ coverage: a }: JsonFuzzReport, { coverage: b }: JsonFuzzReport): Change[] {
  const [missingA, missingB] = [new Set(a.opcodes.missing), new Set(b.opcodes.missing)];
  const opcodes = [...new Set([...missingA, ...missingB])].flatMap((name) =>
    coverageChange(`opcode ${name}`, !missingA.has(name), !missingB.has(name)),
  );
  const calls = (['bpf', 'kfunc', 'helper'] as const).flatMap((callee) => {
    const [ofA, ofB] = [a.arityByCallee[callee], b.arityByCallee[callee]];
    return [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].flatMap((args) =>
      coverageChange(`${callee} with ${args} arguments`, (ofA[args] ?? 0) > 0, (ofB[args] ?? 0) > 0),
    );
  });
  return [...opcodes, ...calls];
}

const coverageChange = (name: string, before: boolean, after: boolean): Change[] =>
  changed(
    { subject: 'coverage', name },
    'covered',
    before ? 'yes' : 'no',
    after ? 'yes' : 'no',
    after ? 'better' : 'worse',
  );

/** What was run: a digest says more than the counts only where those are the same. */
function campaignChanges(a: JsonFuzzReport, b: JsonFuzzReport): Change[] {
  const subject = { subject: 'campaign', name: 'cases' } as const;
  const isSameSize = a.seed === b.seed && a.summary.ran === b.summary.ran;
  return [
    ...changed(subject, 'seed', a.seed, b.seed),
    ...changed(subject, 'ran', a.summary.ran, b.summary.ran),
    ...(isSameSize ? changed(subject, 'digest', a.digest, b.digest) : []),
    ...changed(subject, 'inconclusive', a.summary.inconclusive, b.summary.inconclusive),
    ...changed(subject, 'skipped', a.summary.skipped, b.summary.skipped),
  ];
}
