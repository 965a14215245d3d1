/** The words of verdicts: the only place where divergences and reasons become text. */
import type { Program } from '../bpf/program.ts';
import type { ChoiceName } from '../core/choices.ts';
import { calleeKey } from '../core/env.ts';
import type { CalleeRef, Fault, Outcome, TraceEvent } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { type NativePlace, nativeWordName } from '../core/native.ts';
import { hex, hex64, type U64 } from '../core/u64.ts';
import type { StaleEntry } from '../oracle/expected-failures.ts';
import type { Culprit, Precision, Window } from '../oracle/locate.ts';
import { trampolineStepText } from '../oracle/native/locate.ts';
import type { Observed, Place, Reason, Subject } from '../oracle/verdict.ts';
import { insnText } from './insn-text.ts';
import { findingMessage } from './lint-words.ts';

/** What names and addresses are read against. */
export interface Scene {
  readonly program: Program | null;
  readonly image: Image | null;
}

/**
 * Name of what differs, the `field` of reports: `r0`, `memory[12]`, `.data[8]`, `call 3 (kfunc foo) arg 7`,
 * `call 3 (kfunc foo) stack r10-16`. Scripts match on these; they do not change.
 */
export function fieldName(subject: Subject, scene: Scene): string {
  switch (subject.kind) {
    case 'outcome':
    case 'r0':
    case 'trace-length':
      return subject.kind;
    case 'stated':
      return subject.side === 'reference' ? 'interpreter r0' : 'jit r0';
    case 'memory':
      return `memory[${subject.offset}]`;
    case 'data':
      return `${scene.program?.data[subject.section]?.name ?? `data ${subject.section}`}[${subject.offset}]`;
    case 'event':
      return placeName(subject.place, scene);
    case 'arg':
      return `${placeName(subject.place, scene)} arg ${subject.position}`;
    case 'result':
      return `${placeName(subject.place, scene)} result`;
    case 'reg':
      return `${placeName(subject.place, scene)} r${subject.reg}`;
    case 'stack':
      return `${placeName(subject.place, scene)} stack r10${subject.offset}`;
    case 'constant':
      return `constant ${subject.value}`;
    case 'abi':
      return `${subject.place === null ? 'abi' : `${placeName(subject.place, scene)} abi`} ${subject.what}`;
    case 'native':
      return nativeName(subject.at, subject.word);
    case 'engine':
      return `engine ${subject.engine}: ${fieldName(subject.what, scene)}`;
  }
}

const PLACE_NAMES: Readonly<Record<NativePlace, string>> = {
  'tramp-enter': '__bpf_tramp_enter',
  'prog-enter': '__bpf_prog_enter',
  program: 'the program',
  'prog-exit': '__bpf_prog_exit',
  original: 'the traced function',
  'tramp-exit': '__bpf_tramp_exit',
  return: 'the return to native code',
};

/** `native: the program, word 7`, `native: the traced function, [rsp+8]`. */
const nativeName = (at: NativePlace, word: number | null): string =>
  `native: ${PLACE_NAMES[at]}${word === null ? '' : `, ${nativeWordName(at, word)}`}`;

/** `call 3 (kfunc foo)`, `return from call 2 (subprog sum)`, `return from main`. */
function placeName({ kind, call, callee }: Place, scene: Scene): string {
  const from = kind === 'return' ? 'return from ' : '';
  return callee === null ? `${from}main` : `${from}call ${call} (${calleeName(callee, scene)})`;
}

/** `kfunc foo`, `helper 5`, `subprog sum`. */
export function calleeName(callee: CalleeRef, { program }: Scene): string {
  if (callee.kind === 'bpf') return `subprog ${program?.subprogs[callee.id]?.name ?? callee.id}`;
  const name = program?.callees.get(calleeKey(callee))?.name;
  return `${callee.kind} ${name === undefined || name === `${callee.kind}_${callee.id}` ? callee.id : name}`;
}

/** A value as a report shows it. */
export function observedText(observed: Observed, scene: Scene): string {
  switch (observed.kind) {
    case 'word':
      return hex64(observed.value);
    case 'bytes':
      return bytesText(observed.bytes, ' ');
    case 'count':
      return `${observed.value} calls and returns`;
    case 'event':
      return eventText(observed.event, scene);
    case 'native':
      return observed.at === null ? 'nothing more' : PLACE_NAMES[observed.at];
    case 'outcome':
      return outcomeText(observed.outcome, observed.limit, scene);
  }
}

/** Two hex digits a byte. */
export const bytesText = (bytes: Uint8Array, separator: '' | ' '): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);

function eventText(event: TraceEvent | null, scene: Scene): string {
  if (event === null) return 'no more calls';
  if (event.kind === 'call') return `call of ${calleeName(event.callee, scene)}`;
  return `return from ${scene.program?.subprogs[event.subprog]?.name ?? `subprog ${event.subprog}`}`;
}

/** The guilty BPF instruction, or the step of a trampoline; null where there is neither. */
export function guiltyInsnText({ program, image }: Scene, { pc, stage, offset }: Culprit): string | null {
  if (stage === 'trampoline') return trampolineStepText(image, offset);
  return pc === null || program === null ? null : insnText(program, pc);
}

/** How a side ended; `limit` is what it was given, in instructions or native blocks. */
export function outcomeText(outcome: Outcome, limit: number, scene: Scene): string {
  switch (outcome.kind) {
    case 'exit':
      return `exit, r0 = ${hex64(outcome.r0)}`;
    case 'budget':
      return `ran on: no end after ${limit} blocks`;
    case 'unsupported':
      return `unsupported: ${outcome.what}`;
    case 'fault':
      return `${faultText(outcome.fault)}${whereText(outcome.pc, outcome.rip, scene)}`;
  }
}

/** What the guest did: `8-byte write to 0x…`, `#UD`, `int3`, `rsp lost: 0x…`. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'read':
    case 'write':
      return `${fault.size}-byte ${fault.kind} ${fault.kind === 'read' ? 'from' : 'to'} ${hex64(fault.address)}`;
    case 'fetch':
      return `jump to ${hex64(fault.address)}, which is not code`;
    case 'poison':
      return `use of poison: ${fault.what}`;
    case 'frames':
      return 'more than 8 frames';
    case 'divide':
      return '#DE (division error)';
    case 'illegal':
      return '#UD (no such native instruction)';
    case 'interrupt':
      return fault.vector === 3 ? 'int3' : `int ${hex(fault.vector)}`;
    case 'halt':
      return 'stopped (hlt, syscall or the like)';
    case 'stack-lost':
      return `rsp lost: it is ${hex64(fault.rsp)} at the end`;
  }
}

function whereText(pc: number | null, rip: U64 | undefined, { image }: Scene): string {
  if (rip !== undefined && image !== null) {
    const offset = rip - image.base;
    const isInside = offset >= 0n && offset < BigInt(image.code.length);
    return isInside ? ` at image+${hex(offset)}` : ` at ${hex64(rip)}`;
  }
  return pc === null ? '' : ` at insn ${pc}`;
}

/** What a JIT does by choice. */
export const CHOICE_WORDS: Readonly<Record<ChoiceName, string>> = {
  divisionByZero: 'a division by zero ends the program with r0 = 0',
};

/** What agreed up to a window. */
export const PRECISION_TEXT: Readonly<Record<Precision, string>> = {
  state: 'registers and memory',
  store: 'stores and calls',
  call: 'calls and returns',
  exit: 'the end of the run',
};

/** Slots of a window that are listed; the rest is counted. */
const MAX_WINDOW = 8;

/** What is known of the place of an image without a pc map. */
export function windowText({ precision, pcs, prologue, offsets }: Window, scene: Scene): string {
  const shown = pcs.slice(0, MAX_WINDOW).join(', ');
  const more = pcs.length > MAX_WINDOW ? ` and ${pcs.length - MAX_WINDOW} more` : '';
  const name = scene.program?.subprogs[prologue ?? -1]?.name ?? `subprog ${prologue}`;
  const places = [
    ...(prologue === null ? [] : [`the prologue of ${name}`]),
    ...(pcs.length === 0 ? [] : [`insn ${shown}${more}`]),
  ];
  const native = `native code from ${hex(offsets.from)} to ${hex(offsets.to)}`;
  return `no pc map; by ${PRECISION_TEXT[precision]} it is one of: ${places.join(', ')}; ${native}`;
}

/** Why a case is inconclusive or was skipped, with the instruction that is the cause. */
export function reasonText(reason: Reason, scene: Scene): string {
  switch (reason.kind) {
    case 'insn-limit':
      return `insn limit ${reason.limit} reached`;
    case 'poison':
      return `the program relies on an undefined value: ${reason.what}${atInsn(reason.pc, scene)}`;
    case 'frames':
      return `a 9th frame, which native code does not refuse${atInsn(reason.pc, scene)}`;
    case 'mapped':
      return `${faultText(reason.fault)} is out of bounds, but in a mapped page${atInsn(reason.pc, scene)}`;
    case 'unsupported':
      return `${reason.what}${atInsn(reason.pc, scene)}`;
    case 'placement':
      return 'its way depends on where its frames lie, which the image does not say';
    case 'choice':
      return `the JIT's own choice: ${CHOICE_WORDS[reason.choice]}`;
    case 'contract':
      return `breaks the contract: ${findingMessage(reason.finding)}${atInsn(reason.finding.pc, scene)}`;
    case 'jit':
    case 'refused':
    case 'file':
    case 'bad-input':
    case 'failed':
      return reason.why;
  }
}

/** Why the reference did not come to an exit, with the instruction it stopped at. */
export function stopText(
  outcome: Exclude<Outcome, { kind: 'exit' }>,
  insnLimit: number,
  scene: Scene,
): string {
  switch (outcome.kind) {
    case 'budget':
      return `insn limit ${insnLimit} reached`;
    case 'unsupported':
      return `unsupported: ${outcome.what}${atInsn(outcome.pc, scene)}`;
    case 'fault':
      return `${faultText(outcome.fault)}${atInsn(outcome.pc, scene)}`;
  }
}

/** Why an entry of a list of expected failures does not hold, and what to do. */
export function staleText({ why }: Pick<StaleEntry, 'why'>): string {
  switch (why) {
    case 'agree':
      return 'agrees; take the line out';
    case 'inconclusive':
      return 'is inconclusive, not a divergence; mend the case or take the line out';
    case 'skipped':
      return 'was skipped; mend the case or take the line out';
    case 'absent':
      return 'is no case of this run; names are exact, as reports print them';
    case 'ambiguous':
      return 'names several cases; write more of its path';
  }
}

function atInsn(pc: number | null, { program }: Scene): string {
  if (pc === null || program === null) return '';
  return `, at insn ${pc}: ${insnText(program, pc)}`;
}
