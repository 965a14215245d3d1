/** The cases that are timed: what `fuzz --seed 1` makes, as it comes and by size. */
import { type Generated, lower } from '../arb/lower.ts';
import { drawSpec } from '../fuzz/generate.ts';
import { INSN_LIMIT } from '../fuzz/judge.ts';
import { interpret } from '../interp/interpret.ts';
import type { Case } from '../oracle/case.ts';
import { TRACE_LIMIT } from '../oracle/run.ts';

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

/** Cases by their number. */
export const casesAt = (indexes: readonly number[]): readonly Generated[] =>
  indexes.map((index) => lower(drawSpec(SEED, index)));

/** The first `count`, of all sizes. */
export const firstCases = (count: number): readonly Generated[] =>
  casesAt(Array.from({ length: count }, (_, index) => index));

/**
 * The median program: of what `fuzz --seed 1 --lane valid` makes, half run 65 instructions or more, half 4 calls or more (the
 * means are 90 and 4.6). So many of each are taken for it.
 */
export const MEDIAN_PROGRAM = { insns: [60, 70], calls: [3, 5] } as const;

/** Numbers of the first `count` cases whose program is the median one. */
export function medianIndexes(count: number): number[] {
  const { insns, calls } = MEDIAN_PROGRAM;
  const isIn = (value: number, [least, most]: readonly [number, number]): boolean =>
    value >= least && value <= most;
  const found: number[] = [];
  for (let index = 0; found.length < count; index++) {
    const { program, env } = caseOf(lower(drawSpec(SEED, index)));
    const ran = interpret(program, env, { traceLimit: TRACE_LIMIT });
    const called = ran.trace.events.filter(({ kind }) => kind === 'call').length;
    if (isIn(ran.insns ?? 0, insns) && isIn(called, calls)) found.push(index);
  }
  return found;
}

export const caseOf = ({ program, input }: Generated): Case => ({
  name: 'generated',
  program,
  env: { input, models: new Map(), insnLimit: INSN_LIMIT },
});
