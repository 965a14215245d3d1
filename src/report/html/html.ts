/** The HTML report: one file, to be opened in a browser. */
import type { Explained } from '../../oracle/explained.ts';
import type { CaseSource } from '../explain/explanation.ts';
import { findingsOf } from '../findings.ts';
import type { Report } from '../reporter.ts';
import { htmlDocument, type PageAssets } from './document.ts';
import { documentPage } from './document-page.ts';
import { findingsPage } from './findings-page.ts';
import { fuzzPage } from './fuzz-page.ts';
import { casesPage, explainedPage, type Page } from './page-report.ts';

export interface HtmlOptions {
  readonly version: string;
  readonly page: PageAssets;
}

export function htmlReport(report: Report, { version, page: assets }: HtmlOptions): string {
  const page = pageOf(report, version);
  return htmlDocument(page.report, page.cases, assets);
}

/** Of one case, as explain has it. */
export function explainHtml(explained: Explained, source: CaseSource, options: HtmlOptions): string {
  const page = explainedPage(explained, source, options.version);
  return htmlDocument(page.report, page.cases, options.page);
}

function pageOf(report: Report, version: string): Page {
  switch (report.kind) {
    case 'cases':
      return casesPage(report, version);
    case 'document':
      return documentPage(report, version);
    case 'fuzz':
      return fuzzPage(report.fuzz, version);
    case 'diff':
    case 'hostile':
    case 'lint':
    case 'mutants':
      return findingsPage(findingsOf(report), version);
  }
}
