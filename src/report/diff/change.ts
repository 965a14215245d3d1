/** What differs between two reports of the same kind, as data. */

/**
 * - `worse`: it fails the comparison: something agreed, was seen or was covered, and is so no more.
 * - `better`: the reverse.
 * - `other`: a change that is neither, e.g. another r0 on both sides.
 */
export type Effect = 'worse' | 'better' | 'other';

export interface Change {
  readonly effect: Effect;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly subject: 'case' | 'bucket' | 'mutant' | 'control' | 'coverage' | 'corpus' | 'campaign' | 'rate';
  readonly name: string;
  /** What changed of it; null where all of it is new or gone. */
  readonly field: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** Where it is in the user's files, if it is. */
  readonly file?: string;
}

export interface Compared {
  readonly changes: readonly Change[];
  /** Cases, buckets or mutants that are the same in both. */
  readonly same: number;
  /** What the tool did in a second; null where that was not measured. It differs from run to run. */
  readonly rate: { readonly before: number; readonly after: number } | null;
}

/** Two reports, and what came of comparing them. */
export interface DiffReport extends Compared {
  readonly before: string;
  readonly after: string;
  /** Schema of both. */
  readonly of: string;
}

type Value = string | number | boolean | null | undefined;

const valueText = (value: Value): string | null =>
  value === undefined || value === null ? null : `${value}`;

/** A change of a field, if it is one; `effect` of what has become of it. */
export function changed(
  of: Pick<Change, 'subject' | 'name' | 'file'>,
  field: string,
  before: Value,
  after: Value,
  effect: Effect = 'other',
): Change[] {
  const [a, b] = [valueText(before), valueText(after)];
  return a === b ? [] : [{ ...of, kind: 'changed', field, before: a, after: b, effect }];
}

/** Things of both sides that have the same key, in the order of the second side; then those that are gone. */
export function paired<Thing>(
  before: readonly Thing[],
  after: readonly Thing[],
  keyOf: (thing: Thing) => string,
): { readonly a: Thing | undefined; readonly b: Thing | undefined }[] {
  const [ofA, ofB] = [byKey(before, keyOf), byKey(after, keyOf)];
  const pairs = [...ofB].map(([key, b]) => ({ a: ofA.get(key), b }));
  const gone = [...ofA].filter(([key]) => !ofB.has(key)).map(([, a]) => ({ a, b: undefined }));
  return [...pairs, ...gone];
}

/** A key that stands there twice is told apart by how often it stood there before. */
function byKey<Thing>(things: readonly Thing[], keyOf: (thing: Thing) => string): Map<string, Thing> {
  const seen = new Map<string, number>();
  return new Map(
    things.map((thing) => {
      const key = keyOf(thing);
      const times = seen.get(key) ?? 0;
      seen.set(key, times + 1);
      return [`${times} ${key}`, thing];
    }),
  );
}
