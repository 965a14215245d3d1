/** The control of the kill matrix: cases on a JIT that is not broken. */
import { caseAt } from './generate.ts';
import { type Judge, judgeCase } from './judge.ts';
import type { ControlCount } from './kill-matrix.ts';
import type { Block } from './shard.ts';

/** Judges a block of the cases of a seed. */
export function runControl(judge: Judge, seed: number, { start, count }: Block): ControlCount {
  let agree = 0;
  const diverging: string[] = [];
  for (let index = start; index < start + count; index++) {
    const path = { index, choices: [] };
    const { verdict, name } = judgeCase(judge, caseAt(seed, path), seed, path);
    if (verdict === 'agree') agree++;
    if (verdict === 'diverge') diverging.push(name);
  }
  return { cases: count, agree, diverging };
}
