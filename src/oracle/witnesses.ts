/**
 * The same image on several engines. The first one's run is judged; the others are its witnesses. A witness on
 * whose run the judgement is another one disagrees with it: that is a divergence of its own kind, `engine`, and
 * says nothing against the JIT. Where the first one is a CPU, the witness is wrong.
 *
 * Engines are compared by how they differ from the reference, so that what it holds to be undefined is not
 * compared here either.
 */
import type { Execution } from '../core/execution.ts';
import type { Divergence, Observed, Verdict } from './verdict.ts';

/** A run on one engine, and what came of it. */
export interface Judged {
  /** The engine's name. */
  readonly engine: string;
  readonly got: Execution;
  readonly verdict: Verdict;
}

/**
 * Where a witness is at odds with the run that counts. A run that was stopped has not come to its end, and engines
 * stop by different clocks; one that met what its engine does not know proves nothing.
 */
export function disagreements(counts: Judged, witness: Judged): Divergence[] {
  const isOpen = [counts, witness].some(
    ({ got, verdict }) => got.outcome.kind === 'budget' || verdict.kind === 'inconclusive',
  );
  if (isOpen) return [];
  const [ours, theirs] = [differencesOf(counts), differencesOf(witness)];
  if (ours.length === 0) return theirs.map((theirs) => against(counts, witness, { theirs }));
  if (theirs.length === 0) return ours.map((ours) => against(counts, witness, { ours }));
  // Both differ from the reference. What comes after the first difference only follows from it.
  const [first] = ours;
  const [other] = theirs;
  if (first === undefined || other === undefined || sameDifference(first, other)) return [];
  return [against(counts, witness, { ours: sameSubject(first, other) ? first : undefined, theirs: other })];
}

/** The first run that proves something; the first one, if none does. */
export const firstConclusive = <T extends Judged>(runs: readonly [T, ...T[]]): T =>
  runs.find(({ verdict }) => verdict.kind !== 'inconclusive') ?? runs[0];

const differencesOf = ({ verdict }: Judged): readonly Divergence[] =>
  verdict.kind === 'diverge' ? verdict.divergences : [];

interface Sides {
  readonly ours?: Divergence | undefined;
  readonly theirs?: Divergence | undefined;
}

/** What one side does not show as a difference, it has as the reference has it. */
function against(counts: Judged, witness: Judged, { ours, theirs }: Sides): Divergence {
  const shown = theirs ?? ours;
  if (shown === undefined) throw new RangeError('no difference to tell');
  return {
    subject: { kind: 'engine', engine: witness.engine, counts: counts.engine, what: shown.subject },
    want: ours?.got ?? shown.want,
    got: theirs?.got ?? shown.want,
    pc: shown.pc,
  };
}

/** Whether two divergences show the same thing wrong in the same way. */
export const sameDifference = (a: Divergence, b: Divergence): boolean =>
  sameSubject(a, b) && (textOf(a.got) === textOf(b.got) || isSameFault(a.got, b.got));

/** Of one kind: engines tell an access that crosses a page's end by different bytes of it. */
function isSameFault(a: Observed, b: Observed): boolean {
  if (a.kind !== 'outcome' || b.kind !== 'outcome') return false;
  const [one, other] = [a.outcome, b.outcome];
  return one.kind === 'fault' && other.kind === 'fault' && one.fault.kind === other.fault.kind;
}

const sameSubject = (a: Divergence, b: Divergence): boolean => textOf(a.subject) === textOf(b.subject);

/** Plain data as text, to be compared. */
const textOf = (value: Divergence['subject'] | Observed): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Uint8Array ? [...part] : part;
  });
