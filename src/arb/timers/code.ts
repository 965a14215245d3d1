/** Calls of the helpers of timers to instructions, and what functions that timers call do with what they get. */
import type { Insn } from '../../bpf/insn.ts';
import { aluReg, call, lddw, load, movImm, storeReg } from '../../bpf/make-insn.ts';
import { DATA_BASE } from '../../core/layout.ts';
import { TIMER_CANCEL, TIMER_INIT, TIMER_SET_CALLBACK, TIMER_START } from '../../core/timer.ts';

/** Words of an element: key, timer, and one more of its value. */
export const ELEMENT_WORDS = 4;
/** Elements, each with a timer. */
export const TIMERS = 3;
/** Arguments of a function that a timer calls. */
export const TIMER_ARGS = 3;

export type TimerStep = {
  readonly kind: 'timer';
  /** `arm`: init, set and start. */
  readonly op: 'arm' | 'init' | 'set' | 'start' | 'cancel';
  /** Which timer, folded. */
  readonly timer: number;
  /** Which of the functions for timers behind it, folded. */
  readonly callee: number;
  readonly nsecs: number;
  /** Of `init` the clock. */
  readonly flags: number;
};

/** What the code of a function is added to. */
interface Code {
  emit(...insns: readonly Insn[]): void;
  /** Adds what names a function. */
  refer(callee: number, insn: Insn): void;
  /** Lets a register count. */
  mix(reg: number): void;
}

const [R0, R1, R2, R3] = [0, 1, 2, 3];
const WORD = 8;
/** Of the word behind a timer, counted from the timer. */
const LAST_WORD = 16;

const elementAt = (timer: number): bigint => DATA_BASE + BigInt(WORD * ELEMENT_WORDS * (timer % TIMERS));
const helper = (imm: number): Insn => call('helper', imm);

/** Leaves the last result in r0. `callee`: index of the function; undefined: there is none. */
export function timerStep(
  { op, timer, nsecs, flags }: TimerStep,
  callee: number | undefined,
  code: Code,
): void {
  const ops = op === 'arm' ? (['init', 'set', 'start'] as const) : [op];
  code.emit(movImm(R0, 0));
  for (const each of ops) {
    if (each === 'set' && callee === undefined) continue;
    code.mix(R0);
    code.emit(lddw(R1, elementAt(timer) + BigInt(WORD)));
    switch (each) {
      case 'init':
        code.emit(lddw(R2, DATA_BASE), movImm(R3, op === 'arm' ? 1 : flags), helper(TIMER_INIT));
        break;
      case 'set':
        code.refer(callee as number, lddw(R2, 0n, 4));
        code.emit(helper(TIMER_SET_CALLBACK));
        break;
      case 'start':
        code.emit(movImm(R2, nsecs), movImm(R3, flags), helper(TIMER_START));
        break;
      case 'cancel':
        code.emit(helper(TIMER_CANCEL));
    }
  }
}

/** The key counts, and so does the word behind the timer. */
export function takeElement(code: Code): void {
  for (const [pointer, off] of [
    [R2, 0],
    [R3, LAST_WORD],
  ] as const) {
    code.emit(load(R0, pointer, off));
    code.mix(R0);
  }
}

/** What a function has computed goes into an element, on top of what is there; the function itself returns 0. */
export function leaveInElement(timer: number, keeper: number, code: Code): void {
  code.emit(
    lddw(R1, elementAt(timer) + BigInt(WORD + LAST_WORD)),
    load(R2, R1, 0),
    aluReg('add', R2, R2),
    aluReg('xor', R2, keeper),
    storeReg(R1, 0, R2),
    movImm(R0, 0),
  );
}
