/** Case i of a campaign, and the simpler ones a path leads to. */
import { type Generated, lower } from '../arb/lower.ts';
import { programSpec } from '../arb/program.ts';
import { shrinkProgram } from '../arb/shrink.ts';
import type { ProgramSpec } from '../arb/spec.ts';
import { badInput } from '../core/errors.ts';
import { caseRandom } from './case-random.ts';
import { CaseDigest } from './digest.ts';
import { type CasePath, formatPath } from './path.ts';

const SPECS = programSpec();

/** The spec a campaign draws at an index. */
export const drawSpec = (seed: number, index: number): ProgramSpec =>
  SPECS.generate(caseRandom(seed, index), undefined).value;

/** The spec at a path. Throws an `input` error if the path takes a shrink that does not exist. */
export function specAt(seed: number, path: CasePath): ProgramSpec {
  return path.choices.reduce(
    (spec, choice) => {
      let k = 0;
      for (const simpler of shrinkProgram(spec)) if (k++ === choice) return simpler;
      const why = `it has no shrink ${choice} in this version (there are ${k}); fuzz anew with the seed alone`;
      throw badInput('follow path', formatPath(path), why);
    },
    drawSpec(seed, path.index),
  );
}

/** The case at a path: program and input. */
export const caseAt = (seed: number, path: CasePath): Generated => lower(specAt(seed, path));

let fingerprint: string | undefined;

/** Names the generator: seed and path mean the same case where it is the same. 16 hex digits. */
export function generatorFingerprint(): string {
  if (fingerprint === undefined) {
    const digest = new CaseDigest();
    for (let index = 0; index < 16; index++) digest.add(index, lower(drawSpec(0, index)));
    fingerprint = digest.toString();
  }
  return fingerprint;
}
