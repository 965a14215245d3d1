import { expect, it } from 'vitest';
import { ScratchList } from '../../src/jit/scratch.ts';

it('a list holds what was pushed since it was cleared, however much that is', () => {
  const list = new ScratchList();
  const all = (): number[] => Array.from({ length: list.count }, (_, index) => list.at(index));
  const many = Array.from({ length: 5000 }, (_, index) => index * index);
  for (const item of many) list.push(item);
  expect(all()).toEqual(many);
  list.clear();
  expect(all()).toEqual([]);
  list.push(7);
  expect(all()).toEqual([7]);
});
