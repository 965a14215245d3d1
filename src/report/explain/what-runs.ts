/** What differs between whole runs, as phrases: where lock-step saw the culprit, but not what it did. */
import { hex, type U64 } from '../../core/u64.ts';
import type { CaseResult } from '../../oracle/case.ts';
import type { Divergence, Observed } from '../../oracle/verdict.ts';
import { visible } from '../visible.ts';
import { calleeName, faultText, fieldName, observedText } from '../words.ts';
import { apart, should } from './hints.ts';

/** An argument that a helper or kfunc was passed wrongly. */
export interface WrongArgument {
  readonly callee: string;
  readonly position: number;
  readonly want: U64;
  readonly got: U64;
}

/** Those of the call at fault, if that is one of a helper or kfunc. */
export function wrongArguments(result: CaseResult): WrongArgument[] {
  const { culprit, program, divergences } = result;
  const insn = culprit?.pc == null ? undefined : program?.insns[culprit.pc];
  if (insn?.kind !== 'call' || insn.target === 'local') return [];
  const first = divergences.find(({ subject, pc }) => subject.kind === 'arg' && pc === culprit?.pc)?.subject;
  if (first?.kind !== 'arg' || first.place.callee === null) return [];
  const { place } = first;
  const callee = visible(calleeName(first.place.callee, result));
  return divergences.flatMap(({ subject, want, got }) =>
    subject.kind === 'arg' && subject.place.call === place.call && want.kind === 'word' && got.kind === 'word'
      ? [{ callee, position: subject.position, want: want.value, got: got.value }]
      : [],
  );
}

export function argumentPhrases(wrong: readonly WrongArgument[]): string[] {
  const owners = new Map(wrong.map(({ position, want }) => [`arg ${position}`, want]));
  return wrong.map(
    ({ callee, position, want, got }) => `${callee} gets arg ${position} = ${should(want, got, owners)}`,
  );
}

/** The first differences of whole runs; `owners`: who has which value. */
export function divergencePhrases(result: CaseResult, owners: ReadonlyMap<string, U64>): string[] {
  const wrong = wrongArguments(result);
  if (wrong.length > 0) return argumentPhrases(wrong);
  return result.divergences.map((divergence) => divergencePhrase(divergence, result, owners));
}

function divergencePhrase(
  { subject, want, got }: Divergence,
  result: CaseResult,
  owners: ReadonlyMap<string, U64>,
): string {
  if (want.kind === 'outcome' && got.kind === 'outcome') return outcomePhrase(want, got, result);
  const name = visible(fieldName(subject, result));
  if (want.kind !== 'word' || got.kind !== 'word')
    return `${name} is ${observedText(got, result)}, should be ${observedText(want, result)}`;
  const value = should(want.value, got.value, owners);
  if (subject.kind !== 'abi') return `${name} is ${value}`;
  switch (subject.rule) {
    case 'callee-saved':
      return `${subject.what} is not given back: it is ${value}`;
    case 'stack-pointer':
      return `${subject.what} is ${apart(want.value, got.value)}`;
    case 'direction-flag':
      return 'the direction flag is set, should be clear';
    default:
      return `${subject.what} is ${value}`;
  }
}

type EndOf = Observed & { readonly kind: 'outcome' };

/** `native code stops at 0x7a: #DE (division error); should exit with r0 = 0x5` */
function outcomePhrase(want: EndOf, got: EndOf, result: CaseResult): string {
  const there = got.outcome;
  const wanted = want.outcome;
  const should =
    wanted.kind === 'exit'
      ? `should exit with r0 = ${hex(wanted.r0)}`
      : `should be ${observedText(want, result)}`;
  const offset = faultOffset(result);
  if (there.kind !== 'fault' || offset === null)
    return `native code: ${observedText(got, result)}; ${should}`;
  return `native code stops at ${hex(offset)}: ${faultText(there.fault)}; ${should}`;
}

/** Offset in the image at which native code faulted; null if it did not, or did so elsewhere. */
export function faultOffset({ image, got }: CaseResult): number | null {
  if (image === null || got?.outcome.kind !== 'fault' || got.outcome.rip === undefined) return null;
  const offset = Number(got.outcome.rip - image.base);
  return offset >= 0 && offset < image.code.length ? offset : null;
}
