/** Results of check, conformance and replay as findings, as they are or read back from documents. */
import { subprogAt } from '../bpf/program.ts';
import { hex } from '../core/u64.ts';
import { isInTrace, leadingDivergence } from '../fuzz/bucket.ts';
import { type CaseResult, isTold, type Summary, summarise } from '../oracle/case.ts';
import type { ExpectedList } from '../oracle/expected-failures.ts';
import { explainCommand } from './again.ts';
import type { JsonCulprit, JsonDivergence, JsonResult } from './check-document.ts';
import { failureBlock } from './failure.ts';
import { type Finding, type FindingList, type FindingPlace, type FindingStep, finding } from './finding.ts';
import { jsonResult } from './json.ts';
import { lintRule } from './lint-rules.ts';
import { pathLines } from './lint-words.ts';
import type { CasesReport, DocumentReport } from './reporter.ts';
import { divergenceRule, INCONCLUSIVE, SKIPPED, STALE_EXPECTATION, UNREADABLE } from './rules.ts';
import { shardTitle } from './shard.ts';
import { verdictsLine } from './text.ts';
import { calleeName, staleText } from './words.ts';

/** The last calls before a difference. */
const MAX_STEPS = 50;

export const caseFindings = ({ command, options, results, expected, shard }: CasesReport): FindingList =>
  listOf(`${command}${shardTitle(shard)}`, summarise(results), [
    ...results.map((result) => caseFinding(result, options)),
    ...staleFindings(expected),
  ]);

export const documentFindings = ({ command, document }: DocumentReport): FindingList =>
  listOf(command, document.summary, [
    ...document.results.map((result) => resultFinding(result)),
    ...staleFindings(document.expectations),
  ]);

const listOf = (command: string, summary: Summary, findings: readonly Finding[]): FindingList => ({
  title: `bpf-oracle ${command}`,
  summary: verdictsLine(summary),
  seconds: null,
  findings,
});

/** One result. `options`: those of the command that judged it. */
export function caseFinding(result: CaseResult, options?: CasesReport['options']): Finding {
  const told = resultFinding(jsonResult(result));
  const { program, reason } = result;
  const { pc = null } = told.place ?? {};
  const subprog = pc === null || program === null ? null : subprogAt(program, pc).name;
  const found = { ...told, place: told.place === null ? null : { ...told.place, subprog } };
  if (result.verdict === 'diverge')
    return { ...found, detail: detailOf(result, options), steps: stepsOf(result) };
  if (reason?.kind !== 'contract' || program === null) return found;
  return { ...found, detail: pathLines(reason.finding.path, program) };
}

/** What the text report shows, and how to see more. */
function detailOf(result: CaseResult, options: CasesReport['options']): string[] {
  const why = explainCommand(result, options);
  return [...failureBlock(result), ...(why === undefined ? [] : ['', `why: ${why}`])];
}

function resultFinding(result: JsonResult): Finding {
  const { name, verdict, reason, divergences, bucket = null, expectedFailure } = result;
  const place = placeOf(result);
  if (verdict === 'agree') return finding(name, 'pass', { place });
  if (verdict !== 'diverge') return { ...unjudged(result), message: reason ?? '', place };
  const first = leading(divergences);
  const message = differenceText(result);
  return finding(name, expectedFailure === undefined ? 'fail' : 'known', {
    rule: first === undefined ? null : divergenceRule(first.kind),
    message: expectedFailure === undefined ? message : `${expectedFailure}: ${message}`,
    detail: divergences.map(isNotText),
    place,
    bucket,
  });
}

function unjudged({ name, verdict, reasonKind, breach }: JsonResult): Finding {
  if (isTold(reasonKind))
    return finding(name, 'error', { rule: breach === undefined ? UNREADABLE : lintRule(breach.rule) });
  return verdict === 'skipped'
    ? finding(name, 'skip', { rule: SKIPPED })
    : finding(name, 'unproven', { rule: INCONCLUSIVE });
}

/** As leadingDivergence of src/fuzz/bucket.ts. */
const leading = (divergences: readonly JsonDivergence[]): JsonDivergence | undefined =>
  divergences.find(({ kind }) => isInTrace(kind)) ?? divergences[0];

function placeOf({ file, culprit, divergences, source, breach }: JsonResult): FindingPlace | null {
  if (file === undefined) return null;
  const pc = (culprit ?? breach ?? leading(divergences))?.pc ?? null;
  return { file, source: source ?? null, pc, subprog: null };
}

/** `call 3 (kfunc foo) arg 7 is 0x…, not 0x…; guilty: insn 11: *(u64 *)(r11 - 16) = r3; 4 more differences` */
function differenceText(result: JsonResult): string {
  const { divergences, divergenceCount = divergences.length, culprit, source } = result;
  const first = leading(divergences);
  const more = divergenceCount - 1;
  return [
    ...(first === undefined ? [] : [isNotText(first)]),
    ...(culprit === undefined
      ? []
      : [`${guiltyText(culprit)}${source === undefined ? '' : ` (${source.file}:${source.line})`}`]),
    ...(more <= 0 ? [] : [`${more} more ${more === 1 ? 'difference' : 'differences'}`]),
  ].join('; ');
}

const isNotText = ({ field, want, got }: JsonDivergence): string => `${field} is ${got}, not ${want}`;

/** `guilty: insn 11: call foo`, or the part of a function. */
export const guiltyText = ({ pc, insn, stage }: JsonCulprit): string =>
  `guilty: ${pc === null || insn === null ? stage : `insn ${pc}: ${insn}`}`;

/** The reference's calls, up to the one that differs. */
function stepsOf(result: CaseResult): FindingStep[] {
  const { want, divergences, program } = result;
  const subject = leadingDivergence(divergences)?.subject;
  const last = subject !== undefined && 'place' in subject ? subject.place?.call : undefined;
  const calls = (want?.trace.events ?? []).filter((event) => event.kind === 'call');
  const steps = calls.slice(0, last).map(({ callee, args, pc }, i): FindingStep => {
    const values = args.map((arg) => (arg === undefined ? '?' : hex(arg))).join(', ');
    const source = pc === null ? null : (program?.lines?.[pc] ?? null);
    return { text: `call ${i + 1}: ${calleeName(callee, result)}(${values})`, pc, source };
  });
  return steps.slice(-MAX_STEPS);
}

function staleFindings(expected: ExpectedList | undefined): Finding[] {
  return (expected?.stale ?? []).map((entry) =>
    finding(entry.name, 'fail', {
      rule: STALE_EXPECTATION,
      message: `${entry.name} ${staleText(entry)}`,
      place: placeInText(expected?.file ?? '', entry.line),
    }),
  );
}

const placeInText = (file: string, line: number): FindingPlace => ({
  file,
  source: { file, line },
  pc: null,
  subprog: null,
});
