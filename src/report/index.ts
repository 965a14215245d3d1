/** Reporters by name. */
import { diffJson, diffText } from './diff/reports.ts';
import { documentText } from './document-text.ts';
import { findingsOf } from './findings.ts';
import { hostileJson, hostileText } from './fuzz-hostile.ts';
import { fuzzJson } from './fuzz-json.ts';
import { fuzzText } from './fuzz-text.ts';
import { github } from './github.ts';
import { htmlReport } from './html/html.ts';
import { jsonReport } from './json.ts';
import { jsonText } from './json-text.ts';
import { junit } from './junit.ts';
import { lintJson } from './lint-json.ts';
import { lintText } from './lint-text.ts';
import { mutantsJson } from './mutants-json.ts';
import { mutantsText } from './mutants-text.ts';
import type { Reporter } from './reporter.ts';
import { sarif } from './sarif.ts';
import { tap } from './tap.ts';
import { textReport } from './text.ts';

const text: Reporter = (report, options) => {
  switch (report.kind) {
    case 'cases':
      return textReport(report, options);
    case 'document':
      return documentText(report, options);
    case 'fuzz':
      return fuzzText(report.fuzz, options);
    case 'hostile':
      return hostileText(report.hostile);
    case 'diff':
      return diffText(report.diff, options);
    case 'lint':
      return lintText(report.lint, options);
    case 'mutants':
      return mutantsText(report.mutants, options);
  }
};

const json: Reporter = (report) => {
  switch (report.kind) {
    case 'cases':
      return jsonReport(report);
    case 'document':
      return jsonText(report.document);
    case 'fuzz':
      return fuzzJson(report.fuzz);
    case 'hostile':
      return hostileJson(report.hostile);
    case 'diff':
      return diffJson(report.diff);
    case 'lint':
      return lintJson(report.lint);
    case 'mutants':
      return mutantsJson(report.mutants);
  }
};

const html: Reporter = (report, { version, page }) => {
  if (page === undefined) throw new TypeError('an HTML report needs what its page is drawn with');
  return htmlReport(report, { version, page });
};

export const REPORTERS = {
  text,
  json,
  junit: (report) => junit(findingsOf(report)),
  tap: (report) => tap(findingsOf(report)),
  github: (report) => github(findingsOf(report)),
  sarif: (report, options) => sarif(findingsOf(report), options),
  html,
} as const satisfies Record<string, Reporter>;

export type ReporterName = keyof typeof REPORTERS;
