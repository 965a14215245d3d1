import { expect, it } from 'vitest';
import { NameTally, NumberTally } from '../../src/fuzz/tallies.ts';

it('names are counted, and told of in the order of the list, if they came', () => {
  const tally = new NameTally(['a', 'b', 'c']);
  tally.add('c');
  tally.add('a', 3);
  tally.add('c');
  expect([...tally.counts()]).toEqual([
    ['a', 3],
    ['c', 2],
  ]);
  expect(['a', 'b', 'c'].map((name) => tally.of(name as 'a'))).toEqual([3, 0, 2]);
});

it('a name that is not in the list is none', () => {
  const tally = new NameTally<string>(['a']);
  tally.add('z');
  expect(tally.counts().size).toBe(0);
  expect(tally.of('z')).toBe(0);
});

it('numbers are counted, be they small, large or negative', () => {
  const tally = new NumberTally();
  for (const value of [0, 511, 512, 100_000, 511, -1]) tally.add(value);
  tally.add(512, 5);
  expect(new Map([...tally.counts()].sort(([a], [b]) => a - b))).toEqual(
    new Map([
      [-1, 1],
      [0, 1],
      [511, 2],
      [512, 6],
      [100_000, 1],
    ]),
  );
});
