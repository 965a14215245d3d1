/** Reports that were read back from JSON documents, as `merge` has them: what differs, but no programs. */

import { readSource } from '../again.ts';
import type { JsonCulprit, JsonResult } from '../check-document.ts';
import type { DocumentReport } from '../reporter.ts';
import { commandsOf } from './case-data.ts';
import type { PageCase, PageCulprit, PageRow } from './page-data.ts';
import { endOf, expectedFacts, type Page, pageOf, type RowCase, vacuityFacts } from './page-report.ts';

export function documentPage({ command, document }: DocumentReport, version: string): Page {
  const { summary, expectations, vacuous = null, results } = document;
  return pageOf({
    command,
    version,
    ...endOf(summary),
    facts: [...expectedFacts(expectations), ...vacuityFacts(vacuous)],
    coverage: null,
    rows: results.map((result) => rowOf(command, result)),
  });
}

function rowOf(command: DocumentReport['command'], result: JsonResult): RowCase {
  const { name, verdict, expectedFailure, culprit, divergences, divergenceCount } = result;
  const diverges = verdict === 'diverge';
  const row: PageRow = {
    mark: expectedFailure === undefined ? verdict : 'expected',
    name,
    what: whatOf(result),
    culprit: culprit === undefined ? null : (culprit.insn ?? culprit.stage),
    differences: diverges ? (divergenceCount ?? divergences.length) : null,
    cases: null,
    hasDetail: diverges,
  };
  return { row, opened: diverges ? opened(command, result) : null };
}

function whatOf({ reason, divergences: [first], outcome, r0 }: JsonResult): string {
  if (reason !== null) return reason;
  if (first !== undefined) return `${first.field}: ${first.got}, not ${first.want}`;
  return r0 === null ? (outcome ?? '') : `${outcome}, r0 = ${r0}`;
}

function opened(command: DocumentReport['command'], result: JsonResult): PageCase {
  const { divergences, divergenceCount = divergences.length, culprit, file, insns, expectedFailure } = result;
  const facts: [string, string][] = [];
  if (file !== undefined) facts.push(['file', file]);
  if (insns !== null) facts.push(['instructions run', insns.toLocaleString('en')]);
  if (expectedFailure !== undefined) facts.push(['expected to diverge', expectedFailure]);
  return {
    differences: divergences,
    more: divergenceCount - divergences.length,
    culprit: culprit === undefined ? null : culpritOf(culprit),
    commands: commandsOf(readSource({ command }, result)),
    facts,
    listing: null,
    trace: null,
    note: 'This report was merged from others, which hold no programs. The command above has the program and its steps.',
  };
}

const culpritOf = ({ pc, insn, stage, offset, native }: JsonCulprit): PageCulprit => ({
  pc,
  insn,
  stage,
  subprog: null,
  offset,
  native: native === '' ? [] : [[offset, native, native]],
});
