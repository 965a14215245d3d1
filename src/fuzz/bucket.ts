/**
 * The bucket of a diverging case: the instruction that went wrong, by its form, so that the thousand cases one
 * bug breaks are one report, however it shows. Where no instruction is known, or only a call or an end of a
 * function, it is what differs first, without the numbers that are the case's own.
 */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { formOf } from '../bpf/opcode-forms.ts';
import type { Program } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import type { CaseResult } from '../oracle/case.ts';
import type { Culprit } from '../oracle/locate.ts';
import type { Divergence, Observed, Place, Subject } from '../oracle/verdict.ts';

/** e.g. `add 32 K`, `div 32 X, another register`, `st dw of arg 6`, `prologue`, `arg 7+ of kfunc`, `return value`. */
export function bucketOf(result: CaseResult): string {
  const { culprit, program, divergences } = result;
  const first = leadingDivergence(divergences);
  if (first === undefined) return 'none';
  if (first.subject.kind === 'engine') return engineKey(first, result);
  // Of a place that is known by calls and stores alone, the guess would tear one bug apart.
  const isGuess = culprit?.window !== undefined && culprit.window.precision !== 'state';
  if (culprit === null || isGuess) return subjectKey(first);
  switch (culprit.stage) {
    case 'prologue':
    case 'epilogue':
      return culprit.stage;
    case 'trampoline':
      return `trampoline: ${subjectKey(first)}`;
    case 'call':
      return first.subject.kind === 'arg' ? subjectKey(first) : insnKey(program, culprit);
    case 'insn':
      return insnKey(program, culprit);
  }
}

/** e.g. `engine unicorn: lock xadd 64`: an emulator's mistake, by the instruction it shows at. */
function engineKey({ subject, got, ...rest }: Divergence, { culprit, program }: CaseResult): string {
  if (subject.kind !== 'engine') return subject.kind;
  const shows = subjectKey({ ...rest, got, subject: subject.what });
  return `engine ${subject.engine}: ${culprit?.stage === 'insn' ? insnKey(program, culprit) : shows}`;
}

function insnKey(program: Program | null, { pc, stage, wrong }: Culprit): string {
  const insn = pc === null ? undefined : program?.insns[pc];
  const suffix = wrong === undefined ? '' : WRONG[wrong];
  return insn === undefined ? stage : `${formOf(insn)?.name ?? insn.kind}${stackArgOf(insn)}${suffix}`;
}

/** Another bug of the same instruction. */
const WRONG: Readonly<Record<Culprit['wrong'] & string, string>> = {
  way: ', goes elsewhere',
  bystander: ', another register',
};

/** Which stack argument an instruction stores or loads, if it does. */
function stackArgOf(insn: Insn): string {
  const isStore = insn.kind === 'st' || insn.kind === 'stx';
  if (!isStore && insn.kind !== 'ldx') return '';
  if (!isStackArgBase(isStore ? insn.dst : insn.src)) return '';
  return stackArgSlot(insn.off, isStore ? 'outgoing' : 'incoming') === 0 ? ' of arg 6' : ' of arg 7+';
}

/** The one to name a case by. */
export const leadingDivergence = (divergences: readonly Divergence[]): Divergence | undefined =>
  divergences.find(({ subject }) => isInTrace(subject.kind)) ?? divergences[0];

/** Calls and returns are in the order they happened in; memory, r0 and the end only show what came of it. */
export const isInTrace = (kind: Subject['kind']): boolean =>
  kind === 'event' ||
  kind === 'arg' ||
  kind === 'result' ||
  kind === 'reg' ||
  kind === 'stack' ||
  kind === 'native';

function subjectKey({ subject, got }: Divergence): string {
  switch (subject.kind) {
    case 'outcome':
      return endKey(got);
    case 'r0':
      return 'return value';
    case 'trace-length':
    case 'memory':
      return subject.kind;
    case 'data':
      return 'memory';
    case 'stated':
      return `stated r0 (${subject.side})`;
    case 'event':
      return 'another call or return';
    case 'arg':
      return argKey(subject.position, subject.place);
    case 'result':
      return subject.place.kind === 'return' ? 'return value' : `result of ${subject.place.callee?.kind}`;
    case 'reg':
      return registerKey(subject.reg, subject.place);
    case 'stack':
      return 'stack';
    case 'native':
      return `words at ${subject.at}`;
    case 'engine':
      return `engine ${subject.engine}`;
    case 'constant':
      return 'constant in the code';
    case 'abi':
      return subject.rule === 'callee-saved' ? CALLEE_SAVED : `abi ${subject.rule}`;
  }
}

/** The same promise, whoever is the caller: a BPF function, which shows r6..r9, or the kernel. */
const CALLEE_SAVED = 'callee-saved register at return';

/** Arguments 1..5 are all alike, and so are 7..12, which travel in memory; 6 is like none. */
function argKey(position: number, { callee }: Place): string {
  if (position <= MAX_REG_ARGS) return 'arg in a register';
  return `arg ${position === MAX_REG_ARGS + 1 ? '6' : '7+'} of ${callee?.kind}`;
}

function registerKey(reg: number, { kind }: Place): string {
  if (reg === R10) return `r10 at ${kind}`;
  return kind === 'return' ? CALLEE_SAVED : 'r6-r9 at call';
}

function endKey(observed: Observed): string {
  if (observed.kind !== 'outcome') return observed.kind;
  const { outcome } = observed;
  return outcome.kind === 'fault' ? `fault ${outcome.fault.kind}` : `outcome ${outcome.kind}`;
}
