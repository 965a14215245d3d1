/** Reads a case when it is opened; nothing of the others is in the page. */
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import type { PageReport } from '../page-data.ts';
import { CasePage } from './case-page.tsx';
import { onComplete, readCase } from './document-data.ts';
import { useKeys } from './keys.ts';
import { caseHref, goTo } from './route.ts';

interface CaseLoaderProps {
  readonly report: PageReport;
  readonly row: number;
  readonly step: number | null;
  /** Rows as the list shows them: what comes before and after this one. */
  readonly order: readonly number[];
}

export function CaseLoader({ report, row, step, order }: CaseLoaderProps) {
  const [isComplete, setComplete] = useState(document.readyState !== 'loading');
  useLayoutEffect(() => onComplete(() => setComplete(true)), []);
  const read = useMemo(() => readCase(row), [row, isComplete]);
  const about = report.rows[row];
  return (
    <>
      <Neighbours row={row} order={order} />
      {about === undefined || read === null ? (
        <p class="empty">This report says no more of it.</p>
      ) : read === undefined ? (
        <div class="coming" aria-busy="true" />
      ) : (
        <CasePage key={row} index={row} row={about} read={read} startStep={step} />
      )}
    </>
  );
}

/** The way back, and to the cases before and after. */
function Neighbours({ row, order }: Pick<CaseLoaderProps, 'row' | 'order'>) {
  const place = order.indexOf(row);
  const before = place > 0 ? order[place - 1] : undefined;
  const after = place >= 0 ? order[place + 1] : undefined;
  const open = (to: number | undefined): void => {
    if (to !== undefined) goTo(caseHref(to));
  };
  useKeys({ '[': () => open(before), ']': () => open(after), Escape: () => goTo('#/') });
  return (
    <nav class="neighbours" aria-label="Cases">
      <a href="#/">← All cases</a>
      <span class="place">{place < 0 ? '' : `${place + 1} of ${order.length}`}</span>
      <Neighbour words="Previous" keys="[" row={before} />
      <Neighbour words="Next" keys="]" row={after} />
    </nav>
  );
}

interface NeighbourProps {
  readonly words: string;
  readonly keys: string;
  readonly row: number | undefined;
}

function Neighbour({ words, keys, row }: NeighbourProps) {
  if (row === undefined)
    return (
      <span class="button" aria-disabled="true">
        {words}
      </span>
    );
  return (
    <a class="button" href={caseHref(row)} title={`${words} case (${keys})`}>
      {words}
    </a>
  );
}
