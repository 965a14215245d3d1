/** Two kill matrices: broken JITs by name. */
import type { MutantsDocument } from '../documents/mutants.ts';
import { type Change, type Compared, changed, type Effect, paired } from './change.ts';

type Mutant = MutantsDocument['mutants'][number];

export function diffMutants(before: MutantsDocument, after: MutantsDocument): Compared {
  const each = paired(before.mutants, after.mutants, ({ name }) => name).map(({ a, b }) => changes(a, b));
  const campaign = { subject: 'campaign', name: 'kill matrix' } as const;
  return {
    changes: [
      ...each.flat(),
      ...controlChanges(before, after),
      ...changed(campaign, 'seeds', before.seeds.join(', '), after.seeds.join(', ')),
      ...changed(campaign, 'runs', before.runs, after.runs),
    ],
    same: each.filter((found) => found.length === 0).length,
    rate: null,
  };
}

const stateOf = ({ killed }: Mutant): string => (killed ? 'killed' : 'lives');

/** A mutant that was killed and is not tried any more is a bug nobody looks for. */
function changes(a: Mutant | undefined, b: Mutant | undefined): Change[] {
  const subject = { subject: 'mutant', name: (b ?? a)?.name ?? '' } as const;
  if (a === undefined) {
    if (b === undefined) return [];
    const effect = b.killed ? 'other' : 'worse';
    return [{ ...subject, kind: 'added', field: null, before: null, after: stateOf(b), effect }];
  }
  if (b === undefined) {
    const effect = a.killed ? 'worse' : 'other';
    return [{ ...subject, kind: 'removed', field: null, before: stateOf(a), after: null, effect }];
  }
  return [
    ...changed(subject, 'verdict', stateOf(a), stateOf(b), effectOf(b.killed)),
    ...changed(subject, 'localised', a.localised, b.localised, effectOf(b.localised)),
    ...changed(subject, 'cases', a.cases, b.cases),
  ];
}

const effectOf = (isGood: boolean): Effect => (isGood ? 'better' : 'worse');

function controlChanges({ control: a }: MutantsDocument, { control: b }: MutantsDocument): Change[] {
  if (a === null || b === null) return [];
  const [from, to] = [a.diverging.length, b.diverging.length];
  return changed({ subject: 'control', name: 'JIT as it is' }, 'diverge', from, to, effectOf(to < from));
}
