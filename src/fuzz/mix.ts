/** Case i of a campaign, of whatever lane it is, and the simpler ones a path leads to. */
import { badInput } from '../core/errors.ts';
import { CaseDigest } from './digest.ts';
import type { Draft } from './draft.ts';
import type { Subject } from './judge.ts';
import { laneAt, laneNamed, type Mix, validMix } from './lanes.ts';
import { type CasePath, formatPath } from './path.ts';

/** The draft at a path. Throws an `input` error if the path takes a shrink that does not exist. */
export function draftAt(seed: number, path: CasePath, mix: Mix): Draft {
  let draft = laneNamed(laneAt(path.index, mix)).draw(seed, path.index, mix);
  for (const choice of path.choices) draft = simplerDraft(draft, choice, path);
  return draft;
}

function simplerDraft(draft: Draft, choice: number, path: CasePath): Draft {
  let k = 0;
  for (const simpler of draft.simpler()) if (k++ === choice) return simpler;
  const why = `it has no shrink ${choice} in this version (there are ${k}); fuzz anew with the seed alone`;
  throw badInput('follow path', formatPath(path), why);
}

/** The case at a path. */
export const mixedCaseAt = (seed: number, path: CasePath, mix: Mix): Subject =>
  draftAt(seed, path, mix).subject;

const FINGERPRINTS = new WeakMap<Mix, string>();
const DEFAULT = validMix();
/** Cases of the first lane, and of each further one. */
const FIRST_CASES = 16;
const FURTHER_CASES = 4;

/** Names the generator: seed and path mean the same case where it is the same. 16 hex digits. */
export function generatorFingerprint(mix: Mix = DEFAULT): string {
  const known = FINGERPRINTS.get(mix);
  if (known !== undefined) return known;
  const digest = new CaseDigest();
  mix.lanes.forEach((name, i) => {
    for (let index = 0; index < (i === 0 ? FIRST_CASES : FURTHER_CASES); index++)
      digest.add(index, laneNamed(name).draw(0, index, mix).subject);
    for (const at of laneNamed(name).residues) digest.addName(`${name} ${at}`);
  });
  // The first cases need not show all that is lacking.
  for (const name of [...mix.profile.lacks.keys()].sort()) digest.addName(name);
  FINGERPRINTS.set(mix, digest.toString());
  return digest.toString();
}
