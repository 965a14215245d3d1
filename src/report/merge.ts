/** From the documents of the parts of one run to the report of the whole, as a single run would have made it. */

import { badInput } from '../core/errors.ts';
import { partText } from '../core/part.ts';
import { summarise } from '../oracle/case.ts';
import { expectFailures } from '../oracle/expected-failures.ts';
import { vacuityOfAll } from '../oracle/vacuity-count.ts';
import type { JsonReport, JsonResult } from './check-document.ts';
import type { Named } from './documents/read.ts';
import type { JsonFuzzReport } from './fuzz-json.ts';
import { type FuzzShard, mergeFuzz } from './fuzz-shard.ts';
import type { Report } from './reporter.ts';
import type { CasesShard, ShardInfo } from './shard.ts';

export type MergedReport = Extract<Report, { readonly kind: 'document' | 'fuzz' }>;

type PartOf<Document, Shard> = Named<Document & { readonly shard: Shard }>;
type CasesPart = PartOf<JsonReport, CasesShard>;
type FuzzPart = PartOf<JsonFuzzReport, FuzzShard>;

/** Throws an `input` error if the documents are not all the parts of one run. */
export function merge(documents: readonly Named[]): MergedReport {
  const parts = documents.map(partOf);
  checkParts(parts);
  const cases = parts.filter((part): part is CasesPart => part.document.schema === 'bpf-oracle/check@1');
  if (cases.length === parts.length) return mergeCases(cases);
  const fuzz = parts.filter((part): part is FuzzPart => part.document.schema === 'bpf-oracle/fuzz@1');
  return {
    kind: 'fuzz',
    fuzz: mergeFuzz(
      fuzz.map(({ document }) => document),
      fuzz.map(({ where }) => where).join(' '),
    ),
  };
}

/** Exit codes of what the parts could not read or run. */
export const troubles = (documents: readonly Named[]): number[] =>
  documents.map((named) => partOf(named).document.shard.trouble);

function partOf({ where, document }: Named): CasesPart | FuzzPart {
  if (document.schema === 'bpf-oracle/mutants@1')
    throw refused(where, 'it is a kill matrix, which has no parts; to compare two, "bpf-oracle diff"');
  const { shard } = document;
  if (shard === undefined) throw refused(where, 'it is of a whole run; give the parts that --shard i/n made');
  if (shard.index > shard.count) throw refused(where, `there is no part ${partText(shard)}; it was changed`);
  return { where, document: { ...document, shard } } as CasesPart | FuzzPart;
}

/** All parts, each once, of one run. */
function checkParts(parts: readonly (CasesPart | FuzzPart)[]): void {
  const [first, ...others] = parts;
  if (first === undefined) return;
  const { shard } = first.document;
  const seen = new Map([[shard.index, first.where]]);
  for (const other of others) {
    const { where, document } = other;
    checkAlike(first, other);
    const twin = seen.get(document.shard.index);
    if (twin !== undefined)
      throw refused(where, `it is part ${partText(document.shard)}, as is ${twin}; give each once`);
    seen.set(document.shard.index, where);
  }
  const missing = Array.from({ length: shard.count }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (missing.length > 0) {
    const names = missing.slice(0, 8).map((index) => partText({ ...shard, index }));
    const more = missing.length - names.length;
    throw refused(
      [...seen.values()].join(' '),
      `missing: ${names.join(', ')}${more === 0 ? '' : ` and ${more} more`}; give all parts`,
    );
  }
}

function checkAlike(first: CasesPart | FuzzPart, { where, document }: CasesPart | FuzzPart): void {
  const [a, b] = [first.document, document];
  if (a.schema !== b.schema) throw refused(where, `it is a ${b.schema}, ${first.where} a ${a.schema}`);
  if (a.shard.count !== b.shard.count)
    throw refused(where, `it is part ${partText(b.shard)}, ${first.where} part ${partText(a.shard)}`);
  const [ofA, ofB] = [settings(a), settings(b)];
  for (const name of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [x = 'not given', y = 'not given'] = [ofA.get(name), ofB.get(name)];
    if (x !== y)
      throw refused(where, `its ${name} is ${y}, that of ${first.where} ${x}; give parts of one run`);
  }
}

/** Whatever the parts of one run have in common. */
function settings({ shard, ...document }: (CasesPart | FuzzPart)['document']): Map<string, string> {
  const pairs = new Map(Object.entries(shard.settings));
  if ('seed' in document) pairs.set('seed', `${document.seed}`);
  if ('expected' in shard) pairs.set('list of expected failures', JSON.stringify(shard.expected));
  return pairs;
}

/** Results in the order of the whole run, with the list of expected failures held against all of them. */
function mergeCases(parts: readonly CasesPart[]): MergedReport {
  const placed = placedResults(parts);
  const { of, expected, settings } = (parts[0] as CasesPart).document.shard;
  const { command: asked } = settings;
  const isWhole = placed.size === of;
  if (!isWhole && troublesOf(parts).every((code) => code !== BROKEN)) {
    const where = parts.map((part) => part.where).join(' ');
    throw refused(where, `they hold ${placed.size} of ${of} results; one was cut or changed`);
  }
  const inOrder = [...placed]
    .sort(([a], [b]) => a - b)
    .map(([, { expectedFailure: _, ...result }]) => result);
  const { results, stale: all } = expectFailures<JsonResult>(inOrder, expected?.entries ?? []);
  const stale = all.filter(({ why }) => isWhole || why !== 'absent');
  const vacuous = vacuityOfAll(results);
  return {
    kind: 'document',
    command: COMMANDS.find((command) => command === asked) ?? 'check',
    document: {
      schema: 'bpf-oracle/check@1',
      summary: summarise(results),
      ...(expected === undefined
        ? {}
        : { expectations: { file: expected.file, listed: expected.entries.length, stale } }),
      ...(vacuous === null ? {} : { vacuous }),
      results,
    },
  };
}

const COMMANDS = ['check', 'conformance', 'replay'] as const;

/** Exit code of a run whose engine broke: what it did not reach is missing. */
const BROKEN = 3;
const troublesOf = (parts: readonly Named<{ readonly shard: ShardInfo }>[]): number[] =>
  parts.map(({ document }) => document.shard.trouble);

function placedResults(parts: readonly CasesPart[]): Map<number, JsonResult> {
  const placed = new Map<number, JsonResult>();
  for (const { where, document } of parts) {
    const { results, shard } = document;
    if (results.length !== shard.positions.length)
      throw refused(
        where,
        `it has ${results.length} results at ${shard.positions.length} places; it was changed`,
      );
    results.forEach((result, i) => {
      const position = shard.positions[i] as number;
      if (position >= shard.of || placed.has(position))
        throw refused(
          where,
          `its result ${result.name} stands at a place that is not its own; it was changed`,
        );
      placed.set(position, result);
    });
  }
  return placed;
}

const refused = (where: string, why: string): Error => badInput('merge', where, why);
