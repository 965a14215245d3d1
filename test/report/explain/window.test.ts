import { expect, it } from 'vitest';
import type { ListingRow } from '../../../src/report/explain/listing.ts';
import { chooseRows, nativeShown } from '../../../src/report/explain/window.ts';

const native = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ offset: i, bytes: '90', att: 'nop', intel: 'nop' }));

const row = (pc: number | null, changes: Partial<ListingRow> = {}): ListingRow => ({
  kind: pc === null ? 'prologue' : 'insn',
  pc,
  subprog: 0,
  insn: pc === null ? null : 'r0 = 0',
  native: native(1),
  guilty: false,
  suspect: false,
  ...changes,
});

const rows = (count: number, guilty: number): ListingRow[] =>
  Array.from({ length: count }, (_, pc) => row(pc, { guilty: pc === guilty }));

it('takes the guilty row, then neighbours from both sides, while there is room', () => {
  expect(chooseRows(rows(20, 10), { anchors: [], height: 5 })).toEqual([8, 9, 10, 11, 12]);
  expect(chooseRows(rows(20, 0), { anchors: [], height: 3 })).toEqual([0, 1, 2]);
  expect(chooseRows(rows(3, 1), { anchors: [], height: 30 })).toEqual([0, 1, 2]);
});

it('never leaves the guilty row out', () => {
  const huge = [row(0), row(1, { guilty: true, native: native(30) }), row(2)];
  expect(chooseRows(huge, { anchors: [], height: 4 })).toEqual([1]);
});

it('keeps anchors, and counts the line between rows that are apart', () => {
  expect(chooseRows(rows(20, 2), { anchors: [17], height: 3 })).toEqual([2, 17]);
  expect(chooseRows(rows(20, 2), { anchors: [17], height: 5 })).toEqual([1, 2, 3, 17]);
});

it('stays in the function, and leaves prologues out', () => {
  const program = [
    row(null),
    row(0),
    row(1, { guilty: true }),
    row(null, { subprog: 1 }),
    row(2, { subprog: 1 }),
  ];
  expect(chooseRows(program, { anchors: [], height: 30 })).toEqual([1, 2]);
});

it('shows the prologue of a guilty exit', () => {
  const program = [row(null), row(0), row(1, { guilty: true, insn: 'exit' })];
  expect(chooseRows(program, { anchors: [], height: 30 })).toEqual([0, 1, 2]);
  expect(chooseRows(program, { anchors: [], height: 1 })).toEqual([2]);
});

it('shows more of the guilty native code than of the rest, and hides no single instruction', () => {
  expect(nativeShown(row(0, { native: native(10) }))).toBe(3);
  expect(nativeShown(row(0, { native: native(4) }))).toBe(4);
  expect(nativeShown(row(0, { native: native(30), guilty: true }))).toBe(14);
});
