/** Two reports of check, conformance or replay: cases by name. */
import type { JsonReport, JsonResult } from '../check-document.ts';
import { type Change, type Compared, changed, type Effect, paired } from './change.ts';

/** From the worst to the best. What proves nothing ranks between what fails and what agrees. */
const STATES = ['diverge', 'expected failure', 'not read', 'skipped', 'inconclusive', 'agree'] as const;
type State = (typeof STATES)[number];

/** Skipped and inconclusive cases prove as little as each other. */
const rankOf = (state: State): number => STATES.indexOf(state === 'skipped' ? 'inconclusive' : state);

export function diffCases(before: JsonReport, after: JsonReport): Compared {
  const pairs = paired(before.results, after.results, ({ name }) => name);
  const each = pairs.map(({ a, b }) => {
    if (a === undefined) return b === undefined ? [] : [added(b)];
    return b === undefined ? [removed(a)] : changes(a, b);
  });
  return { changes: each.flat(), same: each.filter((found) => found.length === 0).length, rate: null };
}

function stateOf({ verdict, reasonKind, expectedFailure }: JsonResult): State {
  if (expectedFailure !== undefined) return 'expected failure';
  return reasonKind === 'bad-input' || reasonKind === 'failed' ? 'not read' : verdict;
}

const subjectOf = ({ name, file }: JsonResult): Pick<Change, 'subject' | 'name' | 'file'> => ({
  subject: 'case',
  name,
  ...(file === undefined ? {} : { file }),
});

/** A new case is worse only if it fails; one that agreed and is gone is not looked at any more. */
function added(result: JsonResult): Change {
  const state = stateOf(result);
  const effect = state === 'diverge' ? 'worse' : 'other';
  return { ...subjectOf(result), kind: 'added', field: null, before: null, after: state, effect };
}

function removed(result: JsonResult): Change {
  const state = stateOf(result);
  const effect = state === 'agree' ? 'worse' : 'other';
  return { ...subjectOf(result), kind: 'removed', field: null, before: state, after: null, effect };
}

function changes(a: JsonResult, b: JsonResult): Change[] {
  const subject = subjectOf(b);
  const [from, to] = [stateOf(a), stateOf(b)];
  return [
    ...changed(subject, 'verdict', from, to, effectOf(rankOf(to) - rankOf(from))),
    ...changed(subject, 'reason', a.reason, b.reason),
    ...changed(subject, 'outcome', a.outcome, b.outcome),
    ...changed(subject, 'r0', a.r0, b.r0),
    ...changed(subject, 'memory', a.memory, b.memory),
    ...changed(subject, 'insns', a.insns, b.insns),
    ...changed(subject, 'expected', a.expected, b.expected),
    ...changed(subject, 'bucket', a.bucket, b.bucket),
    ...changed(subject, 'culprit', culpritOf(a), culpritOf(b)),
  ];
}

const effectOf = (better: number): Effect => (better > 0 ? 'better' : better < 0 ? 'worse' : 'other');

function culpritOf({ culprit }: JsonResult): string | null {
  if (culprit === undefined) return null;
  const { pc, insn, stage } = culprit;
  return pc === null ? stage : `${pc}: ${insn ?? ''}`;
}
