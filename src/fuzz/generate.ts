/** Programs of the lane `valid`, and the simpler ones a path leads to. */
import { conform } from '../arb/conform.ts';
import { type Generated, lower } from '../arb/lower.ts';
import { ANY, constraintsOf, type Profile } from '../arb/profile.ts';
import { drawSpec as drawProgram } from '../arb/program.ts';
import { shrinkProgram } from '../arb/shrink.ts';
import type { ProgramSpec } from '../arb/spec.ts';
import { badInput } from '../core/errors.ts';
import { caseDraw } from './case-random.ts';
import { type CasePath, formatPath } from './path.ts';

/** The spec drawn at an index: what `programSpec` draws there. */
export const drawSpec = (seed: number, index: number, profile: Profile = ANY): ProgramSpec =>
  conform(drawProgram(caseDraw(seed, index), constraintsOf(profile)), profile);

/** The spec at a path. Throws an `input` error if the path takes a shrink that does not exist. */
export function specAt(seed: number, path: CasePath, profile: Profile = ANY): ProgramSpec {
  return path.choices.reduce(
    (spec, choice) => {
      let k = 0;
      for (const simpler of shrinkProgram(spec)) if (k++ === choice) return simpler;
      const why = `it has no shrink ${choice} in this version (there are ${k}); fuzz anew with the seed alone`;
      throw badInput('follow path', formatPath(path), why);
    },
    drawSpec(seed, path.index, profile),
  );
}

/** The case at a path: program and input. */
export const caseAt = (seed: number, path: CasePath, profile: Profile = ANY): Generated =>
  lower(specAt(seed, path, profile), profile);
