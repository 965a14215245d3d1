/** The control of the kill matrix: cases on a JIT that is not broken. */
import { type Judge, judgeCases } from './judge.ts';
import type { ControlCount } from './kill-matrix.ts';
import type { MakeCase } from './kill-trial.ts';
import type { Block } from './shard.ts';

/** Cases judged together. */
const BATCH = 32;

/** Judges a block of the cases that `make` makes of a seed. */
export function runControl(
  judge: Pick<Judge, 'checkAll'>,
  make: MakeCase,
  seed: number,
  { start, count }: Block,
): ControlCount {
  let agree = 0;
  const diverging: string[] = [];
  for (let first = start; first < start + count; first += BATCH) {
    const length = Math.min(BATCH, start + count - first);
    const cases = Array.from({ length }, (_, k) => {
      const path = { index: first + k, choices: [] };
      return { path, subject: make(seed, path) };
    });
    for (const { verdict, name } of judgeCases(judge, cases, seed)) {
      if (verdict === 'agree') agree++;
      if (verdict === 'diverge') diverging.push(name);
    }
  }
  return { cases: count, agree, diverging };
}
