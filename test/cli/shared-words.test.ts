import { fstatSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SharedWords } from '../../src/cli/shared-words.ts';

it('words are shared by descriptor, hold 32 bits each and have no name', () => {
  const ours = SharedWords.make(3);
  const theirs = new SharedWords(ours.fd);
  expect([0, 1, 2].map((index) => theirs.get(index))).toEqual([0, 0, 0]);
  ours.set(1, 0x7fff_fffe);
  theirs.set(2, -5);
  expect([0, 1, 2].map((index) => ours.get(index))).toEqual([0, 0x7fff_fffe, -5]);
  expect([1, 2].map((index) => theirs.get(index))).toEqual([0x7fff_fffe, -5]);
  expect(fstatSync(ours.fd)).toMatchObject({ nlink: 0, size: 12 });
  ours.close();
});
