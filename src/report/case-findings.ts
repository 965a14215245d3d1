/** Results of check, conformance and replay as findings. */
import { subprogAt } from '../bpf/program.ts';
import { hex } from '../core/u64.ts';
import { bucketOf, leadingDivergence } from '../fuzz/bucket.ts';
import { type CaseResult, summarise } from '../oracle/case.ts';
import { failureBlock } from './failure.ts';
import { type Finding, type FindingList, type FindingPlace, type FindingStep, finding } from './finding.ts';
import { insnText } from './insn-text.ts';
import type { CasesReport, ExpectedList } from './reporter.ts';
import { divergenceRule, INCONCLUSIVE, SKIPPED, STALE_EXPECTATION, UNREADABLE } from './rules.ts';
import { verdictsLine } from './text.ts';
import { calleeName, fieldName, observedText, reasonText, staleText } from './words.ts';

/** The last calls before a difference. */
const MAX_STEPS = 50;

export function caseFindings({ command, results, expected }: CasesReport): FindingList {
  return {
    title: `bpf-oracle ${command}`,
    summary: verdictsLine(summarise(results)),
    seconds: null,
    findings: [...results.map(caseFinding), ...staleFindings(expected)],
  };
}

/** One result. */
export function caseFinding(result: CaseResult): Finding {
  const { name, verdict, reason } = result;
  if (verdict === 'agree') return finding(name, 'pass', { place: placeOf(result) });
  if (verdict === 'diverge') return divergenceFinding(result);
  const isError = reason?.kind === 'bad-input' || reason?.kind === 'failed';
  const [status, rule] = isError
    ? (['error', UNREADABLE] as const)
    : verdict === 'skipped'
      ? (['skip', SKIPPED] as const)
      : (['unproven', INCONCLUSIVE] as const);
  const message = reason === null ? '' : reasonText(reason, result);
  return finding(name, status, { rule, message, place: placeOf(result) });
}

function divergenceFinding(result: CaseResult): Finding {
  const { name, divergences, expectedFailure } = result;
  const first = leadingDivergence(divergences);
  const message = differenceText(result);
  return finding(name, expectedFailure === undefined ? 'fail' : 'known', {
    rule: first === undefined ? null : divergenceRule(first.subject),
    message: expectedFailure === undefined ? message : `${expectedFailure}: ${message}`,
    detail: failureBlock(result),
    place: placeOf(result),
    bucket: bucketOf(result),
    steps: stepsOf(result),
  });
}

/** `call 3 (kfunc foo) arg 7 is 0x…, not 0x…; guilty: insn 11: *(u64 *)(r11 - 16) = r3; 4 more differences` */
export function differenceText(result: CaseResult): string {
  const { divergences, divergenceCount, culprit, program } = result;
  const first = leadingDivergence(divergences);
  if (first === undefined) return '';
  const [want, got] = [observedText(first.want, result), observedText(first.got, result)];
  const more = divergenceCount - 1;
  return [
    `${fieldName(first.subject, result)} is ${got}, not ${want}`,
    ...(culprit === null
      ? []
      : culprit.pc === null || program === null
        ? [`guilty: ${culprit.stage}`]
        : [`guilty: insn ${culprit.pc}: ${insnText(program, culprit.pc)}`]),
    ...(more === 0 ? [] : [`${more} more ${more === 1 ? 'difference' : 'differences'}`]),
  ].join('; ');
}

function placeOf({ file, program, culprit, divergences }: CaseResult): FindingPlace | null {
  if (file === undefined) return null;
  const pc = culprit === null ? (leadingDivergence(divergences)?.pc ?? null) : culprit.pc;
  const subprog = pc === null || program === null ? null : subprogAt(program, pc).name;
  return { file, line: null, pc, subprog };
}

/** The reference's calls, up to the one that differs. */
function stepsOf(result: CaseResult): FindingStep[] {
  const { want, divergences } = result;
  const subject = leadingDivergence(divergences)?.subject;
  const last = subject !== undefined && 'place' in subject ? subject.place?.call : undefined;
  const calls = (want?.trace.events ?? []).filter((event) => event.kind === 'call');
  const steps = calls.slice(0, last).map(({ callee, args, pc }, i): FindingStep => {
    const values = args.map((arg) => (arg === undefined ? '?' : hex(arg))).join(', ');
    return { text: `call ${i + 1}: ${calleeName(callee, result)}(${values})`, pc };
  });
  return steps.slice(-MAX_STEPS);
}

function staleFindings(expected: ExpectedList | undefined): Finding[] {
  return (expected?.stale ?? []).map((entry) =>
    finding(entry.name, 'fail', {
      rule: STALE_EXPECTATION,
      message: `${entry.name} ${staleText(entry)}`,
      place: { file: expected?.file ?? '', line: entry.line, pc: null, subprog: null },
    }),
  );
}
