/** The page: a head, and what the address says. */
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import type { PageReport } from '../page-data.ts';
import { type Filter, firstFilter, shownRows } from './case-filter.ts';
import { CaseList } from './case-list.tsx';
import { CaseLoader } from './case-loader.tsx';
import { CoveragePage } from './coverage-page.tsx';
import { Headline } from './headline.tsx';
import { Help } from './help.tsx';
import { type Route, useRoute } from './route.ts';
import { ThemeChoice } from './theme.tsx';
import { WordsContext, wordsOf } from './words.ts';

export function App({ report }: { readonly report: PageReport }) {
  const route = useRoute(report.opens);
  const [filter, setFilter] = useState(() => firstFilter(report));
  const words = useMemo(() => wordsOf(report), [report]);
  return (
    <WordsContext.Provider value={words}>
      <header class="top">
        <a class="product" href="#/">
          bpf-oracle <span>{report.command}</span>
        </a>
        <nav aria-label="Report">
          <a href="#/" aria-current={route.page === 'coverage' ? undefined : 'page'}>
            Cases
          </a>
          {report.coverage !== null && (
            <a href="#/coverage" aria-current={route.page === 'coverage' ? 'page' : undefined}>
              Coverage
            </a>
          )}
        </nav>
        <ThemeChoice />
        <Help />
      </header>
      <main>
        <Page {...{ report, route, filter }} onFilter={setFilter} />
      </main>
      <footer>bpf-oracle {report.version}</footer>
    </WordsContext.Provider>
  );
}

interface PageProps {
  readonly report: PageReport;
  readonly route: Route;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

function Page({ report, route, filter, onFilter }: PageProps) {
  const order = useMemo(() => shownRows(report.rows, filter), [report, filter]);
  useLayoutEffect(() => scrollTo(0, 0), [route.page]);
  if (route.page === 'case') return <CaseLoader {...{ report, order }} row={route.row} step={route.step} />;
  if (route.page === 'coverage' && report.coverage !== null)
    return <CoveragePage coverage={report.coverage} />;
  return (
    <>
      <Headline report={report} />
      <CaseList {...{ report, filter, onFilter }} />
    </>
  );
}
