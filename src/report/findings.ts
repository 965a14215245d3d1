/** Any report as a list of findings. */
import { caseFindings, documentFindings } from './case-findings.ts';
import { diffFindings } from './diff/reports.ts';
import type { FindingList } from './finding.ts';
import { fuzzFindings, hostileFindings } from './fuzz-findings.ts';
import { lintFindings } from './lint-findings.ts';
import { mutantsFindings } from './mutants-findings.ts';
import type { Report } from './reporter.ts';

export function findingsOf(report: Report): FindingList {
  switch (report.kind) {
    case 'cases':
      return caseFindings(report);
    case 'document':
      return documentFindings(report);
    case 'fuzz':
      return fuzzFindings(report.fuzz);
    case 'hostile':
      return hostileFindings(report.hostile);
    case 'diff':
      return diffFindings(report.diff);
    case 'lint':
      return lintFindings(report.lint);
    case 'mutants':
      return mutantsFindings(report.mutants);
  }
}
