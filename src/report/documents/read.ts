/** JSON documents of `--reporter json`, read back: nothing is believed that does not keep to its schema. */
import * as v from 'valibot';
import { badInput } from '../../core/errors.ts';
import type { JsonReport } from '../check-document.ts';
import type { JsonFuzzReport } from '../fuzz-json.ts';
import { checkDocument } from './check.ts';
import { fuzzDocument } from './fuzz.ts';
import { type MutantsDocument, mutantsDocument } from './mutants.ts';

export type JsonDocument = JsonReport | JsonFuzzReport | MutantsDocument;

/** A document and the file it was read from. */
export interface Named<Document = JsonDocument> {
  readonly where: string;
  readonly document: Document;
}

const SCHEMAS = ['bpf-oracle/check@1', 'bpf-oracle/fuzz@1', 'bpf-oracle/mutants@1'] as const;

/** Throws an `input` error of one line; `where`: the file. */
export function readDocument(text: string, where: string): JsonDocument {
  const value = parsed(text, where);
  const { schema, lane } = isObject(value) ? value : {};
  switch (schema) {
    case 'bpf-oracle/check@1':
      return kept(v.safeParse(checkDocument, value), where);
    case 'bpf-oracle/fuzz@1':
      if (lane === 'hostile')
        throw unreadable(where, 'it is of the hostile lane, in which nothing is compared');
      if (lane !== undefined)
        throw unreadable(where, `it is of the lane ${shown(lane)}, which has no numbers to compare`);
      return kept(v.safeParse(fuzzDocument, value), where);
    case 'bpf-oracle/mutants@1':
      return kept(v.safeParse(mutantsDocument, value), where);
    default:
      throw unreadable(where, `its schema is ${shown(schema)}; this build reads ${SCHEMAS.join(', ')}`);
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unreadable(where, `it is no whole JSON document (${why}); name what --reporter json wrote`);
  }
}

const isObject = (value: unknown): value is { readonly schema?: unknown; readonly lane?: unknown } =>
  typeof value === 'object' && value !== null;

function kept<Document>(
  result: { readonly success: true; readonly output: Document } | Refused,
  where: string,
): Document {
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw unreadable(
    where,
    `${path === null ? '' : `at ${path}: `}${issue.message}; it was cut or changed, or is of another version`,
  );
}

interface Refused {
  readonly success: false;
  readonly issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]];
}

const MAX_SHOWN = 60;
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'missing').slice(0, MAX_SHOWN);

const unreadable = (where: string, why: string): Error => badInput('read report', where, why);
