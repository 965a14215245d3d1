/** Several machines on one case: who saw the same, and who stands alone. The interpreter is one of them. */
import type { CaseResult } from './case.ts';
import { sameDifference } from './witnesses.ts';

/** A JIT on an engine, or an interpreter of others. */
export interface Voter {
  /** As reports name it. */
  readonly name: string;
  readonly jit: string;
  /** null: it needs none. */
  readonly engine: string | null;
}

/** The reference, in the place of a voter's index. */
export const INTERPRETER = -1;

/** Voters that saw the same, by index; the largest group first. Without those that said nothing. */
export type Groups = readonly (readonly number[])[];

/** `results`: of the same case, by voter. Those that agree saw what the interpreter saw. */
export function groupsOf(results: readonly CaseResult[]): Groups {
  const agreed: number[] = [INTERPRETER];
  const others: { readonly result: CaseResult; readonly members: number[] }[] = [];
  results.forEach((result, voter) => {
    if (result.verdict === 'agree') agreed.push(voter);
    if (result.verdict !== 'diverge') return;
    const alike = others.find((group) => isAlike(group.result, result));
    if (alike === undefined) others.push({ result, members: [voter] });
    else alike.members.push(voter);
  });
  return [agreed, ...others.map(({ members }) => members)].sort((a, b) => b.length - a.length);
}

function isAlike({ divergences: [one] }: CaseResult, { divergences: [other] }: CaseResult): boolean {
  return one !== undefined && other !== undefined && sameDifference(one, other);
}

/** A disagreement: who stands against the many, or, where none are the many, against whom. */
export interface Disagreement {
  readonly kind: 'alone' | 'split';
  readonly parties: readonly string[];
  /** A voter of those who differ from the interpreter: its result tells how. */
  readonly voter: number;
}

/** One for each group that stands against the largest; a single one where two are the largest. */
export function disagreementsOf(groups: Groups, voters: readonly Voter[]): Disagreement[] {
  const [first = [], ...rest] = groups;
  if (rest.length === 0) return [];
  const spoke = groups.flat();
  const party = (group: readonly number[]): string => partyOf(group, spoke, voters);
  const differing = (...candidates: Groups): number =>
    candidates.find((group) => !group.includes(INTERPRETER))?.[0] ?? 0;
  if (first.length === rest[0]?.length)
    return [{ kind: 'split', parties: groups.map(party), voter: differing(...groups) }];
  return rest.map((group) => ({ kind: 'alone', parties: [party(group)], voter: differing(group, first) }));
}

/** One name where a group is all that spoke of a JIT, or of an engine. */
function partyOf(group: readonly number[], spoke: readonly number[], voters: readonly Voter[]): string {
  if (group.length === 1 && group[0] === INTERPRETER) return 'interpreter';
  const [first] = group.map((index) => voters[index]);
  const is = (test: (voter: Voter) => boolean): boolean => {
    const those = spoke.filter((index) => index !== INTERPRETER && test(voters[index] as Voter));
    return those.length === group.length && those.every((index) => group.includes(index));
  };
  if (first !== undefined && is(({ jit }) => jit === first.jit)) return first.jit;
  if (first?.engine != null && is(({ engine }) => engine === first.engine)) return `engine ${first.engine}`;
  return group.map((index) => voters[index]?.name ?? 'interpreter').join(' and ');
}
