/** One function of a spec with callbacks to instructions; calls and addresses are distances yet to be filled in. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import {
  aluImm,
  aluReg,
  call,
  EXIT_INSN,
  jccImm,
  lddw,
  load,
  movImm,
  movReg,
  storeImm,
  storeReg,
} from '../../bpf/make-insn.ts';
import { FOR_EACH_HELPER, LOOP_HELPER } from '../../core/callback.ts';
import { DATA_BASE } from '../../core/layout.ts';
import { leaveInElement, TIMER_ARGS, takeElement, timerStep } from '../timers/code.ts';
import type { CallbackFunction, CallbackRole, CallbackStep } from './spec.ts';

/** A function that may be referred to. */
export interface Referable {
  readonly index: number;
  readonly role: CallbackRole;
  readonly args: number;
}

/** Instructions by slot, and which of them name a function. */
export interface CallbackCode {
  readonly insns: readonly (Insn | undefined)[];
  readonly references: readonly { readonly slot: number; readonly callee: number }[];
}

const [R0, R1, R2, R3, R4, R6, FP, ARGS] = [0, 1, 2, 3, 4, 6, 10, 11];
const WORD = 8;
const CALLEE_SAVED = 4;
/** Odd, so that no change of what is kept is lost in the next. */
const FACTOR = 31;
/** What callbacks get as their context, and where an address is spilled. */
const [CONTEXT, SPILL] = [-WORD, -2 * WORD];
const STOP_MASK = 7;
const [AGAIN, STOP]: readonly [Insn, Insn] = [movImm(R0, 0), movImm(R0, 1)];

/** Arguments of what helpers call, and which of them is its context. */
const CALLBACKS = { loop: { args: 2, context: R2 }, each: { args: 4, context: R4 } } as const;

export function argsOf({ role, args }: Pick<CallbackFunction, 'role' | 'args'>): number {
  if (role === 'timer') return TIMER_ARGS;
  return role === 'function' ? args : CALLBACKS[role].args;
}

class Code implements CallbackCode {
  readonly insns: (Insn | undefined)[] = [];
  readonly references: { slot: number; callee: number }[] = [];
  readonly keeper: number;

  constructor(keeper: number) {
    this.keeper = keeper;
  }

  emit(...insns: readonly Insn[]): void {
    for (const insn of insns) {
      this.insns.push(insn);
      if (insn.kind === 'lddw') this.insns.push(undefined);
    }
  }

  refer(callee: number, insn: Insn): void {
    this.references.push({ slot: this.insns.length, callee });
    this.emit(insn);
  }

  /** keeper = keeper * 31 + reg */
  mix(reg: number): void {
    this.emit(aluImm('mul', this.keeper, FACTOR), aluReg('add', this.keeper, reg));
  }
}

/** `others`: those it may refer to. Main gets no arguments. */
export function callbackFunctionCode(
  fn: CallbackFunction,
  others: readonly Referable[],
  isMain: boolean,
): CallbackCode {
  const code = new Code(R6 + fn.keeper);
  const saved = Array.from({ length: CALLEE_SAVED }, (_, i) => R6 + i).filter(
    (reg, i) => reg !== code.keeper && ((fn.saved >> i) & 1) === 1,
  );
  const words = Array.from({ length: fn.words }, (_, i) => SPILL - WORD * (i + 1));
  code.emit(movImm(code.keeper, 1), storeReg(FP, CONTEXT, code.keeper));
  if (!isMain) takeArgs(fn, code);
  saved.forEach((reg, i) => {
    code.emit(movImm(reg, 1000 + i));
  });
  words.forEach((off, i) => {
    code.emit(storeImm(FP, off, 2000 + i));
  });
  for (const step of fn.steps) lowerStep(step, others, code);
  for (const reg of saved) code.mix(reg);
  for (const off of [CONTEXT, ...words]) {
    code.emit(load(R0, FP, off));
    code.mix(R0);
  }
  end(fn, isMain, code);
  return code;
}

/** All arguments count; what a callback gets a pointer to is read, and its context is written as well. */
function takeArgs(fn: CallbackFunction, code: Code): void {
  const count = argsOf(fn);
  for (let k = 1; k <= count - MAX_REG_ARGS; k++) {
    code.emit(load(R0, ARGS, WORD * k));
    code.mix(R0);
  }
  for (let reg = R1; reg <= Math.min(count, MAX_REG_ARGS); reg++) code.mix(reg);
  if (fn.role === 'timer') takeElement(code);
  if (fn.role === 'function' || fn.role === 'timer') return;
  const { context } = CALLBACKS[fn.role];
  for (const pointer of fn.role === 'each' ? [R2, R3, context] : [context]) {
    code.emit(load(R0, pointer, 0));
    code.mix(R0);
  }
  code.emit(storeReg(context, 0, code.keeper));
  if (fn.role === 'each') code.emit(storeReg(R3, 0, code.keeper));
}

function end({ role, stop }: CallbackFunction, isMain: boolean, code: Code): void {
  if (role === 'timer') leaveInElement(stop, code.keeper, code);
  else code.emit(movReg(R0, code.keeper));
  if (!isMain && role !== 'function' && role !== 'timer') {
    const stops: Insn = jccImm('jeq', R0, stop, 2);
    code.emit(aluImm('and', R0, STOP_MASK), stops, AGAIN, EXIT_INSN, STOP);
  }
  code.emit(EXIT_INSN);
}

function lowerStep(step: CallbackStep, others: readonly Referable[], code: Code): void {
  switch (step.kind) {
    case 'mix':
      code.emit(movImm(R0, step.imm));
      break;
    case 'call': {
      const callee = pick(others, step.callee, ({ role }) => role === 'function');
      if (callee === undefined) return;
      passArgs(callee.args, step.imm, code);
      code.refer(callee.index, call('local', 0));
      break;
    }
    case 'timer':
      timerStep(step, pick(others, step.callee, ({ role }) => role === 'timer')?.index, code);
      break;
    default: {
      const callee = pick(others, step.callee, ({ role }) => role === 'loop' || role === 'each');
      if (callee === undefined) return;
      callHelper(step, callee, code);
    }
  }
  code.mix(R0);
}

function pick(
  others: readonly Referable[],
  number: number,
  isWanted: (other: Referable) => boolean,
): Referable | undefined {
  const those = others.filter(isWanted);
  return those[number % Math.max(those.length, 1)];
}

function passArgs(count: number, imm: number, code: Code): void {
  for (let k = 1; k <= count - MAX_REG_ARGS; k++)
    code.emit(storeImm(ARGS, -WORD * k, imm + MAX_REG_ARGS + k));
  for (let reg = R1; reg <= Math.min(count, MAX_REG_ARGS); reg++)
    code.emit(reg === R1 ? movReg(reg, code.keeper) : movImm(reg, imm + reg));
}

function callHelper(
  { count, flags, isSpilled }: CallbackStep & { readonly kind: 'helper' },
  { index, role }: Referable,
  code: Code,
): void {
  code.refer(index, lddw(R2, 0n, 4));
  if (isSpilled) code.emit(storeReg(FP, SPILL, R2), load(R2, FP, SPILL));
  code.emit(
    role === 'loop' ? movImm(R1, count) : lddw(R1, DATA_BASE),
    movReg(R3, FP),
    aluImm('add', R3, CONTEXT),
    movImm(R4, flags),
    call('helper', role === 'loop' ? LOOP_HELPER : FOR_EACH_HELPER),
  );
}
