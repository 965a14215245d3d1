/** One case as the page has it: its line in the list, and all that is shown when it is opened. */
import { hex } from '../../core/u64.ts';
import type { CaseResult } from '../../oracle/case.ts';
import type { Explained } from '../../oracle/explained.ts';
import { type CaseSource, type ExplainedCulprit, explanation } from '../explain/explanation.ts';
import type { ListingRow, NativeRow } from '../explain/listing.ts';
import { insnText } from '../insn-text.ts';
import { vacuityLines } from '../vacuity.ts';
import { fieldName, observedText, outcomeText, reasonText } from '../words.ts';
import type { PageCase, PageCulprit, PageListing, PageMark, PageNative, PageRow } from './page-data.ts';
import { pageTrace } from './trace-data.ts';

export const markOf = ({ verdict, expectedFailure }: CaseResult): PageMark =>
  expectedFailure === undefined ? verdict : 'expected';

/** The line of a result. */
export function pageRow(result: CaseResult): PageRow {
  const { verdict, divergenceCount } = result;
  return {
    mark: markOf(result),
    name: result.name,
    what: whatOf(result),
    culprit: culpritText(result),
    differences: verdict === 'diverge' ? divergenceCount : null,
    cases: null,
    hasDetail: verdict === 'diverge',
  };
}

/** The first difference, the reason, or how it ended. */
function whatOf(result: CaseResult): string {
  const { reason, want, divergences } = result;
  if (reason !== null) return reasonText(reason, result);
  const first = divergences[0];
  if (first !== undefined) {
    const [wanted, got] = [observedText(first.want, result), observedText(first.got, result)];
    return `${fieldName(first.subject, result)}: ${got}, not ${wanted}`;
  }
  if (want === null) return '';
  return [outcomeText(want.outcome, want.insns ?? 0, result), ...vacuityLines(result)].join('; ');
}

function culpritText({ culprit, program }: CaseResult): string | null {
  if (culprit === null) return null;
  const { pc, stage } = culprit;
  return pc === null || program === null ? stage : insnText(program, pc);
}

/** All of a case that diverges. Only what was explained has listings and a run in lock-step. */
export function pageCase(result: CaseResult, explained: Explained | null, source: CaseSource): PageCase {
  const { program, divergenceCount } = result;
  const { localisation = null, trace = null } = explained ?? {};
  const { culprit, divergences, listing } = explanation({ result, localisation, trace: null }, source);
  const shown = explained === null || program === null ? [] : listing;
  return {
    differences: divergences,
    more: divergenceCount - divergences.length,
    culprit: culprit === null ? null : pageCulprit(culprit),
    commands: commandsOf(source),
    facts: factsOf(result),
    listing: shown.length === 0 ? null : pageListing(shown, (i) => nameOf(result, i)),
    trace: explained === null || trace === null ? null : pageTrace(result, explained, trace),
    note: explained === null ? NOT_EXPLAINED : trace === null ? NO_LOCK_STEP : null,
  };
}

const NOT_EXPLAINED =
  'This report shows only its first failures step by step. A report of this one alone shows it.';
const NO_LOCK_STEP =
  'There are no steps to show: the JIT has no pc map, the run is too long, or it differs only as a whole.';

const nameOf = ({ program }: CaseResult, subprog: number): string =>
  program?.subprogs[subprog]?.name ?? `subprog ${subprog}`;

const pageNative = ({ offset, att, intel }: NativeRow): PageNative => [offset, att, intel];

function pageCulprit({ pc, insn, stage, subprogName, offset, native }: ExplainedCulprit): PageCulprit {
  return { pc, insn, stage, subprog: subprogName, offset, native: native.map(pageNative) };
}

/** Where a subprog begins, its name stands. */
function pageListing(rows: readonly ListingRow[], subprogName: (subprog: number) => string): PageListing {
  return rows.map(({ pc, subprog, insn, native, guilty }, i) => ({
    ...(rows[i - 1]?.subprog === subprog ? {} : { name: subprogName(subprog) }),
    pc,
    insn: insn ?? 'prologue',
    native: native.map(pageNative),
    guilty,
  }));
}

/** Each with what it does. */
export function commandsOf({ replay, reshrink }: CaseSource): [string, string][] {
  const commands: [string, string][] = [['Run it again', replay]];
  if (reshrink !== null) commands.push(['Find and shrink it again', reshrink]);
  return commands;
}

function factsOf(result: CaseResult): [string, string][] {
  const { file, want, got, expected, expectedFailure, image } = result;
  const facts: [string, string][] = [];
  if (file !== undefined) facts.push(['file', file]);
  if (image !== null) facts.push(['JIT', image.jit]);
  if (want?.insns != null) facts.push(['instructions run', want.insns.toLocaleString('en')]);
  if (want !== null)
    facts.push(['interpreter ends with', outcomeText(want.outcome, want.insns ?? 0, result)]);
  if (got !== null) facts.push(['JIT ends with', outcomeText(got.outcome, got.insns ?? 0, result)]);
  if (expected !== null) facts.push(['stated r0', hex(expected)]);
  if (expectedFailure !== undefined) facts.push(['expected to diverge', expectedFailure]);
  return facts;
}
