/** The cases that are timed: what `fuzz --seed 1` makes, as it comes and by size. */
import { type Generated, lower } from '../arb/lower.ts';
import { drawSpec } from '../fuzz/generate.ts';
import { INSN_LIMIT } from '../fuzz/judge.ts';
import type { Case } from '../oracle/case.ts';

export const SEED = 1;
/** Cases looked through for those of a size. */
const SEARCH = 4000;

/** Programs by their length in slots. */
export interface SizeClass {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

export const SIZES: readonly SizeClass[] = [
  { name: 'small', least: 1, most: 30 },
  { name: 'median', least: 50, most: 90 },
  { name: 'large', least: 200, most: 100_000 },
];

/** The first `count` of each size. */
export function casesBySize(count: number): ReadonlyMap<string, readonly Generated[]> {
  const bySize = new Map<string, Generated[]>(SIZES.map(({ name }) => [name, []]));
  for (let index = 0; index < SEARCH; index++) {
    const made = lower(drawSpec(SEED, index));
    const { length } = made.program.insns;
    const size = SIZES.find(({ least, most }) => length >= least && length <= most);
    const found = size === undefined ? undefined : bySize.get(size.name);
    if (found !== undefined && found.length < count) found.push(made);
  }
  return bySize;
}

/** The first `count`, of all sizes. */
export const firstCases = (count: number): readonly Generated[] =>
  Array.from({ length: count }, (_, index) => lower(drawSpec(SEED, index)));

export const caseOf = ({ program, input }: Generated): Case => ({
  name: 'generated',
  program,
  env: { input, models: new Map(), insnLimit: INSN_LIMIT },
});
