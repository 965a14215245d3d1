/** The box and the boxes to tick that say which cases the list shows. */
import type { PageMark, PageReport } from '../page-data.ts';
import type { Filter } from './case-filter.ts';
import { Mark } from './mark.tsx';

interface CaseFilterProps {
  readonly report: Pick<PageReport, 'rows' | 'marks'>;
  readonly filter: Filter;
  /** Rows that pass. */
  readonly shown: number;
  readonly onFilter: (filter: Filter) => void;
  /** Enter in the box. */
  readonly onEnter: () => void;
  /** Arrow down in the box. */
  readonly onDown: () => void;
}

/** Id of the box, which `/` goes to. */
export const FILTER_ID = 'filter';

export function CaseFilter({
  report: { rows, marks },
  filter,
  shown,
  onFilter,
  onEnter,
  onDown,
}: CaseFilterProps) {
  const there = marks.filter(([mark]) => rows.some((row) => row.mark === mark));
  return (
    <search class="filter">
      <input
        id={FILTER_ID}
        type="search"
        placeholder="Filter by name, instruction, difference"
        aria-label="Filter cases"
        autocomplete="off"
        spellcheck={false}
        value={filter.text}
        onKeyDown={({ key }) => {
          if (key === 'Enter') onEnter();
          if (key === 'ArrowDown') onDown();
        }}
        onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
      />
      <fieldset class="verdicts">
        <legend class="unseen">Verdicts shown</legend>
        {there.map(([mark, words]) => (
          <label key={mark}>
            <input
              type="checkbox"
              checked={filter.marks.has(mark)}
              onChange={() => onFilter({ ...filter, marks: toggled(filter.marks, mark) })}
            />
            <Mark mark={mark} />
            {words} <small>{rows.filter((row) => row.mark === mark).length}</small>
          </label>
        ))}
      </fieldset>
      <output aria-live="polite">
        {shown.toLocaleString('en')} of {rows.length.toLocaleString('en')}
      </output>
    </search>
  );
}

function toggled(marks: ReadonlySet<PageMark>, mark: PageMark): ReadonlySet<PageMark> {
  const next = new Set(marks);
  if (!next.delete(mark)) next.add(mark);
  return next;
}
