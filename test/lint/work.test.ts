/** What linting costs, counted in blocks of instructions that are gone through: it grows with length, not with paths. */
import { describe, expect, it } from 'vitest';
import { flowOf } from '../../src/lint/flow.ts';
import { lint, MAX_FINDINGS } from '../../src/lint/lint.ts';
import { range } from '../kit/calls.ts';
import { programOf } from './kit.ts';

const lines = (count: number, line: (k: number) => string): string =>
  range(0, count - 1)
    .map(line)
    .join('\n');
const word = (k: number): string => `*(u64 *)(r10 - ${8 * (1 + (k % 64))})`;

/** Blocks of a program, and how often one of them is gone through. */
function workOf(text: string): { readonly blocks: number; readonly visits: number } {
  const flow = flowOf(programOf(text), 'trusted');
  return {
    blocks: flow.reduce((sum, fn) => sum + fn.blocks.list.length, 0),
    visits: flow.reduce((sum, fn) => sum + fn.visits, 0),
  };
}

const branches = (count: number): string =>
  `call 7\n${lines(count, (k) => `if r0 == ${k} goto +1\nr6 = ${k}`)}\nr0 = 0\nexit`;

/** All leave for one place, each with one more word of the stack written. */
const wideJoin = (count: number): string =>
  `call 7\n${lines(count, (k) => `${word(k)} = r0\nif r0 == ${k} goto out`)}\nr6 = 1\nout:\nr0 = 0\nexit`;

/** Each loop writes a word that what is around it has not. */
const nestedLoops = (depth: number): string =>
  `call 7\n${lines(depth, (k) => `head${k}:\n${word(k)} = r0`)}\n${lines(
    depth,
    (k) => `if r0 != ${k} goto head${depth - 1 - k}`,
  )}\nr0 = 0\nexit`;

const callChain = (count: number): string =>
  `main:\ncall f0\nexit\n${lines(
    count,
    (k) => `f${k}:\n${k + 1 < count ? `call f${k + 1}` : 'r0 = 0'}\nexit`,
  )}`;

const SHAPES = [
  ['branches in a row', branches, 64, 1],
  ['branches in a row', branches, 8000, 1],
  ['a wide join', wideJoin, 8000, 1],
  // As often as there are words to be known less of: it does not grow with the depth.
  ['nested loops', nestedLoops, 100, 32],
  ['nested loops', nestedLoops, 4000, 32],
  ['a chain of calls', callChain, 1000, 3],
  ['straight code', (count: number) => `r0 = 0\n${lines(count, () => 'r0 += 1')}\nexit`, 60_000, 1],
] as const;

describe('linting', () => {
  it.each(SHAPES)('%s (%#): no block is gone through many times', (_, make, count, most) => {
    const { blocks, visits } = workOf(make(count));
    expect(visits).toBeGreaterThan(0);
    expect(visits).toBeLessThanOrEqual(most * blocks);
  });

  it.each([
    ['64', 64],
    ['640', 640],
  ])('of %s branches in a row finds what none of the ways sets', (_, count) => {
    const text = `call 7\n${lines(count, (k) => `if r0 == ${k} goto +1\nr6 = ${k}`)}\nr0 = r6\nexit`;
    const ways = lint(programOf(text)).findings.map(({ rule, path }) => [rule, path[0]?.branches.length]);
    expect(ways).toEqual([['unset-register', count]]);
  });

  it('tells each load through a passed pointer once, however many calls pass it', () => {
    const count = 2000;
    const text = `main:\nr6 = r10\nr6 += -8\n${lines(count, () => 'r1 = r6\ncall f')}\nr0 = 0\nexit
f:\n${lines(count, (k) => `r0 = *(u64 *)(r1 - ${8 * (k % 64)})`)}\nexit`;
    expect(lint(programOf(text)).total).toBe(64);
  });

  it('keeps a hundred findings, and counts them all', () => {
    const { findings, total } = lint(programOf(`${lines(5000, () => 'r0 = r6')}\nexit`));
    expect([findings.length, total]).toEqual([MAX_FINDINGS, 5000]);
  });
});
