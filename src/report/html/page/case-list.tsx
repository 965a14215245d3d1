/** The list of cases: filtered, sorted, and drawn only where it is looked at. */
import { useMemo, useRef } from 'preact/hooks';
import type { PageReport, PageRow } from '../page-data.ts';
import { type Filter, type SortKey, shownRows } from './case-filter.ts';
import { CaseFilter, FILTER_ID } from './case-filter-bar.tsx';
import { useKeys } from './keys.ts';
import { Mark } from './mark.tsx';
import { caseHref, goTo } from './route.ts';
import { focusedRow, focusRow } from './row-focus.ts';
import { useVisibleRows } from './visible-rows.ts';

/** As style/cases.css has it. */
const ROW_PIXELS = 56;

interface CaseListProps {
  readonly report: PageReport;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

export function CaseList({ report, filter, onFilter }: CaseListProps) {
  const { rows, command } = report;
  const shown = useMemo(() => shownRows(rows, filter), [rows, filter]);
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, end } = useVisibleRows(shown.length, ROW_PIXELS, body);
  const heads = command === 'fuzz' ? FUZZ_HEADS : HEADS;
  const linked = shown.flatMap((index, place) => (rows[index]?.hasDetail === true ? [place] : []));
  const focus = (place: number | undefined): void => {
    if (place !== undefined) focusRow(body.current, place, ROW_PIXELS);
  };
  const open = (index: number | undefined): void => {
    if (index !== undefined) goTo(caseHref(index));
  };
  useKeys({
    '/': () => document.getElementById(FILTER_ID)?.focus(),
    ArrowDown: () => focus(linked.find((place) => place > focusedRow())),
    ArrowUp: () => focus(linked.findLast((place) => place < focusedRow())),
  });
  return (
    <section class="cases" aria-label="Cases">
      <CaseFilter
        {...{ report, filter, onFilter }}
        shown={shown.length}
        onEnter={() => open(shown[linked[0] ?? -1])}
        onDown={() => focus(linked[0])}
      />
      <table aria-rowcount={shown.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {heads.map((head) => (
              <SortHead key={head.sort} {...head} filter={filter} onFilter={onFilter} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Gap rows={first} />
          {shown.slice(first, end).map((index, i) => {
            const row = rows[index];
            return (
              row && <Row key={index} index={index} row={row} place={first + i} columns={heads.length} />
            );
          })}
          <Gap rows={shown.length - end} />
        </tbody>
      </table>
      {shown.length === 0 && <p class="empty">No case is like that.</p>}
    </section>
  );
}

/** Room for rows that are not drawn. */
function Gap({ rows }: { readonly rows: number }) {
  return rows <= 0 ? null : <tr class="gap" style={{ height: `${rows * ROW_PIXELS}px` }} />;
}

interface Head {
  readonly sort: SortKey;
  readonly words: string;
  readonly cell: string;
}

const HEADS: readonly Head[] = [
  { sort: 'name', words: 'Case', cell: 'case' },
  { sort: 'culprit', words: 'Instruction at fault', cell: 'culprit' },
  { sort: 'differences', words: 'Differences', cell: 'number' },
];

/** A row of a campaign stands for all cases in its bucket. */
const FUZZ_HEADS: readonly Head[] = [
  { sort: 'name', words: 'Failure', cell: 'case' },
  ...HEADS.slice(1),
  { sort: 'cases', words: 'Cases', cell: 'number' },
];

interface SortHeadProps extends Head {
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

/** First click up, second down, third back to the order of the run. */
function SortHead({ sort, words, cell, filter, onFilter }: SortHeadProps) {
  const isSorted = filter.sort === sort;
  const state = !isSorted ? 'none' : filter.descending ? 'descending' : 'ascending';
  const next: Pick<Filter, 'sort' | 'descending'> =
    isSorted && filter.descending ? { sort: 'order', descending: false } : { sort, descending: isSorted };
  return (
    <th scope="col" class={cell} aria-sort={state}>
      <button type="button" onClick={() => onFilter({ ...filter, ...next })}>
        {words}
        <span class="sort" aria-hidden="true" />
      </button>
    </th>
  );
}

interface RowProps {
  readonly index: number;
  readonly row: PageRow;
  /** Among those shown, from 0. */
  readonly place: number;
  readonly columns: number;
}

function Row({ index, row, place, columns }: RowProps) {
  const { mark, name, what, culprit, differences, cases, hasDetail } = row;
  return (
    <tr aria-rowindex={place + 2} class={hasDetail ? 'linked' : ''}>
      <td class="case">
        <div>
          <Mark mark={mark} />
          {hasDetail ? <a href={caseHref(index)}>{name}</a> : <span>{name}</span>}
          <small>{what}</small>
        </div>
      </td>
      <td class="culprit">{culprit !== null && <code>{culprit}</code>}</td>
      <td class="number">{differences}</td>
      {columns === FUZZ_HEADS.length && <td class="number">{cases}</td>}
    </tr>
  );
}
