/** What to say to a name that no mutant has. */
import { ALL_MUTANTS } from '../mutant/index.ts';

const MOST = 6;

/** Why it is refused, with the names that have most words in common with it. */
export function noSuchMutant(name: string): string {
  const words = name
    .toLowerCase()
    .split('-')
    .filter((word) => word !== '');
  const common = (known: string): number => words.filter((word) => known.split('-').includes(word)).length;
  const near = ALL_MUTANTS.map((mutant) => ({ name: mutant.name, common: common(mutant.name) }))
    .filter((known) => known.common > 0)
    .toSorted((a, b) => b.common - a.common)
    .slice(0, MOST);
  const are = near.length === 0 ? '' : `; there are ${near.map((known) => known.name).join(', ')}`;
  return `there is no such mutant${are}; docs/POWER.md and "bpf-oracle mutants" list them`;
}
