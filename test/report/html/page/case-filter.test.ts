import { describe, expect, it } from 'vitest';
import { type Filter, firstFilter, shownRows } from '../../../../src/report/html/page/case-filter.ts';
import { PAGE_MARKS, type PageMark, type PageRow } from '../../../../src/report/html/page-data.ts';

const row = (mark: PageMark, name: string, known: Partial<PageRow> = {}): PageRow => ({
  mark,
  name,
  what: '',
  culprit: null,
  differences: null,
  cases: null,
  hasDetail: false,
  ...known,
});

const ROWS = [
  row('agree', 'case 10'),
  row('diverge', 'case 9', { culprit: 'call f1', differences: 2, what: 'call 1 arg 7' }),
  row('diverge', 'Case 2', { culprit: 'exit', differences: 10 }),
  row('skipped', 'case 1', { what: 'a directory' }),
];

const ALL: Filter = { text: '', marks: new Set(PAGE_MARKS), sort: 'order', descending: false };

const shown = (changes: Partial<Filter>): (string | undefined)[] =>
  shownRows(ROWS, { ...ALL, ...changes }).map((i) => ROWS[i]?.name);

describe('the list of cases', () => {
  it.each([
    ['', ['case 10', 'case 9', 'Case 2', 'case 1']],
    ['CASE 1', ['case 10', 'case 9', 'case 1']],
    ['call 7', ['case 9']],
    ['directory', ['case 1']],
    ['diverge exit', ['Case 2']],
    ['nothing like it', []],
  ])('shows what holds every word of %j', (text, names) => {
    expect(shown({ text })).toEqual(names);
  });

  it('shows only the verdicts asked for', () => {
    expect(shown({ marks: new Set(['agree', 'skipped']) })).toEqual(['case 10', 'case 1']);
  });

  it('sorts names as people count, and backwards', () => {
    expect(shown({ sort: 'name' })).toEqual(['case 1', 'Case 2', 'case 9', 'case 10']);
    expect(shown({ sort: 'name', descending: true })).toEqual(['case 10', 'case 9', 'Case 2', 'case 1']);
  });

  it('sorts numbers by size, with those that have none behind', () => {
    expect(shown({ sort: 'differences' })).toEqual(['case 9', 'Case 2', 'case 10', 'case 1']);
  });

  it('begins with what diverges, or with everything where nothing does', () => {
    const report = { command: '', version: '', title: '', marks: [], facts: [], coverage: null };
    expect([...firstFilter({ ...report, rows: ROWS }).marks]).toEqual(['diverge']);
    expect([...firstFilter({ ...report, rows: ROWS.slice(0, 1) }).marks]).toEqual([...PAGE_MARKS]);
  });
});
