/** Compares two reports of the same kind, as veristat does with the verifier's numbers. */
import { badInput } from '../../core/errors.ts';
import type { JsonDocument, Named } from '../documents/read.ts';
import { diffCases } from './cases.ts';
import type { Change, Compared, DiffReport } from './change.ts';
import { diffFuzz } from './fuzz.ts';
import { diffMutants } from './mutants.ts';

export interface DiffOptions {
  /** A rate that falls by more percent than this is worse. @defaultValue rates are shown, and fail nothing */
  readonly slower?: number;
}

/** Throws an `input` error for reports that cannot be compared. */
export function diff(before: Named, after: Named, { slower }: DiffOptions = {}): DiffReport {
  const compared = compare(before, after);
  const { rate } = compared;
  const { schema } = before.document;
  if (slower !== undefined && rate === null)
    throw badInput('diff', '--slower', `reports of ${schema} have no rate; leave it out`);
  const changes = [...compared.changes, ...rateChange(rate, slower)];
  return { ...compared, changes, before: before.where, after: after.where, of: schema };
}

function compare({ document: a, where }: Named, { document: b, where: other }: Named): Compared {
  const [partA, partB] = [partOf(a), partOf(b)];
  if (partA !== partB)
    throw badInput('diff', other, `it is ${partB}, ${where} ${partA}; join parts with "bpf-oracle merge"`);
  if (a.schema === 'bpf-oracle/check@1' && b.schema === a.schema) return diffCases(a, b);
  if (a.schema === 'bpf-oracle/fuzz@1' && b.schema === a.schema) return diffFuzz(a, b);
  if (a.schema === 'bpf-oracle/mutants@1' && b.schema === a.schema) return diffMutants(a, b);
  throw badInput('diff', other, `it is a ${b.schema}, ${where} a ${a.schema}; compare reports of one kind`);
}

function partOf(document: JsonDocument): string {
  if (!('shard' in document) || document.shard === undefined) return 'of a whole run';
  const { index, count } = document.shard;
  return `part ${index}/${count} of a run`;
}

function rateChange(rate: Compared['rate'], slower: number | undefined): Change[] {
  if (rate === null || slower === undefined) return [];
  const { before, after } = rate;
  if (after >= before * (1 - slower / 100)) return [];
  return [
    {
      effect: 'worse',
      kind: 'changed',
      subject: 'rate',
      name: 'cases per second',
      field: 'rate',
      before: `${before}`,
      after: `${after}`,
    },
  ];
}
