/** Which rows of the list are shown, and in which order. */
import { PAGE_MARKS, type PageMark, type PageReport, type PageRow } from '../page-data.ts';

export type SortKey = 'order' | 'name' | 'culprit' | 'differences' | 'cases';

export interface Filter {
  readonly text: string;
  /** What cases came to, of those shown. */
  readonly marks: ReadonlySet<PageMark>;
  readonly sort: SortKey;
  readonly descending: boolean;
}

/** What diverges, if anything does; otherwise everything. */
export function firstFilter({ rows }: PageReport): Filter {
  const diverges = rows.some(({ mark }) => mark === 'diverge');
  return { text: '', marks: new Set(diverges ? ['diverge'] : PAGE_MARKS), sort: 'order', descending: false };
}

/** Indices of the rows to show. Every word of the text must occur somewhere in a row, in any case. */
export function shownRows(rows: readonly PageRow[], { text, marks, sort, descending }: Filter): number[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const shown = [...rows.keys()].filter((i) => {
    const row = rows[i];
    return row !== undefined && marks.has(row.mark) && words.every((word) => textOf(row).includes(word));
  });
  if (sort !== 'order') shown.sort((a, b) => compareBy(sort, rows[a], rows[b]) || a - b);
  return descending ? shown.reverse() : shown;
}

const textOf = ({ mark, name, what, culprit }: PageRow): string =>
  `${mark}\n${name}\n${what}\n${culprit ?? ''}`.toLowerCase();

function compareBy(sort: Exclude<SortKey, 'order'>, a: PageRow | undefined, b: PageRow | undefined): number {
  const [x, y] = [a?.[sort] ?? null, b?.[sort] ?? null];
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  return typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(`${x}`, `${y}`);
}

/** `case 9` before `case 10`. */
const collator = new Intl.Collator('en', { numeric: true });
