/** One function of a spec with tail calls to instructions; calls are distances yet to be filled in. */
import type { Insn } from '../../bpf/insn.ts';
import {
  aluImm,
  aluReg,
  call,
  EXIT_INSN,
  lddw,
  load,
  movImm,
  movReg,
  storeImm,
  storeReg,
} from '../../bpf/make-insn.ts';
import { PROG_ARRAY_BASE, PROG_ARRAY_STRIDE } from '../../core/layout.ts';
import { tailCall } from './index-form.ts';
import type { TailFunction, TailStep } from './spec.ts';

/** What a function may do. */
export interface TailScope {
  /** Functions it may call: index and stack arguments. */
  readonly callees: readonly { readonly index: number; readonly stackArgs: number }[];
  /** Program arrays it may go on through: number, and how many entries. */
  readonly arrays: readonly { readonly number: number; readonly entries: number }[];
  /** Stack arguments it takes. */
  readonly stackArgs: number;
}

/** Instructions by slot, and where functions are called. */
export interface TailCode {
  readonly insns: readonly (Insn | undefined)[];
  readonly calls: readonly { readonly slot: number; readonly callee: number }[];
}

const [R0, R1, R2, R6, FP, ARGS] = [0, 1, 2, 6, 10, 11];
const WORD = 8;
const CALLEE_SAVED = 4;
/** Odd, so that no change of the counter is lost in the next. */
const FACTOR = 31;

class Code implements TailCode {
  readonly insns: (Insn | undefined)[] = [];
  readonly calls: { slot: number; callee: number }[] = [];

  emit(...insns: readonly Insn[]): void {
    for (const insn of insns) {
      this.insns.push(insn);
      if (insn.kind === 'lddw') this.insns.push(undefined);
    }
  }

  call(callee: number): void {
    this.calls.push({ slot: this.insns.length, callee });
    this.emit(call('local', 0));
  }
}

export function tailFunctionCode(fn: TailFunction, scope: TailScope): TailCode {
  const code = new Code();
  const keeper = fn.keeper < CALLEE_SAVED ? R6 + fn.keeper : undefined;
  const saved = Array.from({ length: CALLEE_SAVED }, (_, i) => R6 + i).filter(
    (reg, i) => reg !== keeper && ((fn.saved >> i) & 1) === 1,
  );
  const first = keeper === undefined ? 1 : 0;
  const words = Array.from({ length: fn.words }, (_, i) => -WORD * (first + i + 1));
  code.emit(keeper === undefined ? storeReg(FP, -WORD, R1) : movReg(keeper, R1));
  for (let k = 1; k <= scope.stackArgs; k++) code.emit(load(R0, ARGS, WORD * k), ...mix(R0));
  saved.forEach((reg, i) => {
    code.emit(movImm(reg, 1000 + i));
  });
  words.forEach((off, i) => {
    code.emit(storeImm(FP, off, 2000 + i));
  });
  const context = keeper === undefined ? load(R1, FP, -WORD) : movReg(R1, keeper);
  for (const step of fn.steps) lowerStep(step, context, scope, code);
  code.emit(context);
  for (const reg of saved) code.emit(...mix(reg));
  for (const off of words) code.emit(load(R0, FP, off), ...mix(R0));
  code.emit(load(R0, R1, 0), EXIT_INSN);
  return code;
}

function lowerStep(step: TailStep, context: Insn, scope: TailScope, code: Code): void {
  switch (step.kind) {
    case 'mix':
      code.emit(context, movImm(R0, step.imm), ...mix(R0));
      return;
    case 'call': {
      const callee = scope.callees[step.callee % Math.max(scope.callees.length, 1)];
      if (callee === undefined) return;
      code.emit(context);
      for (let k = 1; k <= callee.stackArgs; k++) code.emit(storeImm(ARGS, -WORD * k, step.imm + k));
      code.call(callee.index);
      code.emit(context, ...mix(R0));
      return;
    }
    case 'tail': {
      const array = scope.arrays[step.array % scope.arrays.length];
      if (array === undefined) return;
      const map = lddw(R2, PROG_ARRAY_BASE + BigInt(array.number * PROG_ARRAY_STRIDE));
      code.emit(context, ...tailCall(step, array.entries, map));
      return;
    }
  }
}

/** The counter at r1: times FACTOR, plus a register. */
const mix = (reg: number): Insn[] => [
  load(R2, R1, 0),
  aluImm('mul', R2, FACTOR),
  aluReg('add', R2, reg),
  storeReg(R1, 0, R2),
];
