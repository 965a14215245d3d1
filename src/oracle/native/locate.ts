/** The step of a trampoline that a wrong word comes from. */
import type { Image } from '../../core/image.ts';
import { type NativePlace, nativeWordName, type Trampoline, type TrampolineStep } from '../../core/native.ts';
import type { CaseResult } from '../case.ts';
import { type Culprit, faultOffset } from '../locate.ts';
import type { Subject } from '../verdict.ts';
import { eightbytesOf } from './psabi.ts';

const ARG_REGS = [7, 6, 2, 1, 8, 9];

type NativeSubject = Subject & { readonly kind: 'native' };

/** Where it goes wrong before the program runs, so that all else follows from it; null if it does not. */
export function culpritBefore({ image, divergences, got }: CaseResult): Culprit | null {
  const trampoline = image?.trampoline;
  if (trampoline === undefined || got === null) return null;
  const places = got.native?.map(({ at }) => at) ?? [];
  const program = places.indexOf('program');
  const isBefore = ({ at }: NativeSubject): boolean =>
    at === 'program' || program < 0 || (places.indexOf(at) >= 0 && places.indexOf(at) < program);
  const culprits = divergences.flatMap(({ subject }) =>
    subject.kind === 'native' && isBefore(subject) ? (culpritOf(trampoline, subject) ?? []) : [],
  );
  // What comes first in the code may be what the rest follows from.
  return culprits.toSorted((a, b) => a.offset - b.offset)[0] ?? null;
}

/** Where it goes wrong once the program has run: for what nothing in the program explains. */
export function culpritAfter({ image, divergences, got }: CaseResult): Culprit | null {
  const trampoline = image?.trampoline;
  if (trampoline === undefined || image === null || got === null) return null;
  const subjects = divergences.map(({ subject }) => subject);
  const word = subjects.find((subject) => subject.kind === 'native');
  if (word !== undefined) return culpritOf(trampoline, word);
  const offset = faultOffset(image, got);
  if (offset !== null && offset >= trampoline.start) return { pc: null, offset, stage: 'trampoline' };
  const isItsOwn = subjects.some(({ kind }) => kind === 'outcome' || kind === 'abi');
  return isItsOwn ? at(trampoline, ({ what }) => what === 'leave') : null;
}

function culpritOf(trampoline: Trampoline, { at: place, word }: NativeSubject): Culprit | null {
  if (word === null) return at(trampoline, isCall(place));
  switch (place) {
    case 'program':
      return at(trampoline, programStep(trampoline, word));
    case 'original':
      return at(trampoline, originalStep(trampoline, word)) ?? at(trampoline, isCall(place));
    case 'return':
      return at(trampoline, ({ what }) => what === 'leave');
    default:
      return at(trampoline, isCall(place));
  }
}

type Matches = (step: TrampolineStep) => boolean;

const isCall =
  (place: NativePlace): Matches =>
  ({ what, callee }) =>
    place === 'return' ? what === 'leave' : what === 'call' && callee === place;

/** Of what the program sees: the number of words, a word, or the result of the traced function. */
function programStep({ proto }: Trampoline, word: number): Matches {
  if (word === 0) return ({ what }) => what === 'count';
  if (word > eightbytesOf(proto.args).length) return ({ what }) => what === 'result';
  return ({ what, index }) => what === 'save' && index === word - 1;
}

/** Of what the traced function sees: a register, or a word of the stack. */
function originalStep({ proto }: Trampoline, word: number): Matches {
  const gpr = ARG_REGS[word];
  if (gpr === undefined) return ({ what, index }) => what === 'restack' && index === word - ARG_REGS.length;
  const from = eightbytesOf(proto.args).findIndex(({ place }) => place.in === 'reg' && place.reg === gpr);
  return ({ what, index }) => what === 'restore' && index === from;
}

function at({ steps }: Trampoline, matches: Matches): Culprit | null {
  const step = steps.find(matches);
  return step === undefined ? null : { pc: null, offset: step.offset, stage: 'trampoline' };
}

/** The step that holds an offset: `save word 7`, `restack [rsp+8]`, `call original`, `leave`; or who is called there: `original`, the body of the `traced function`. */
export function trampolineStepText(image: Image | null, offset: number): string {
  const { steps = [], stubs = new Map(), offset: start = 0 } = image?.trampoline ?? {};
  if (offset < start) return [...stubs].find(([, stub]) => stub === offset)?.[0] ?? 'traced function';
  // A step may have no code at all.
  const step = steps.find((each) => each.offset === offset) ?? steps.findLast((each) => each.offset < offset);
  if (step === undefined) return '';
  const { what, index, callee } = step;
  if (index === undefined) return callee === undefined ? what : `${what} ${callee}`;
  return `${what} ${what === 'restack' ? nativeWordName('original', ARG_REGS.length + index) : `word ${index + 1}`}`;
}

/** Whether an offset is of no program. */
export const isInTrampoline = ({ trampoline }: Image, offset: number): boolean =>
  trampoline !== undefined && offset >= trampoline.start;
