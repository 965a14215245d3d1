/** One function of a spec that throws to instructions; calls of functions are distances yet to be filled in. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import {
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
import { DATA_BASE } from '../../core/layout.ts';
import type { ThrowFunction, ThrowStep } from './spec.ts';

/** What a function may do. */
export interface ThrowScope {
  /** Number of its own, which tells its values from those of others. */
  readonly index: number;
  /** Functions it may call: index, and how many arguments they take. */
  readonly callees: readonly { readonly index: number; readonly args: number }[];
  readonly mayThrow: boolean;
  readonly args: number;
}

export interface ThrowCode {
  /** By slot. */
  readonly insns: readonly (Insn | undefined)[];
  /** Where functions are called. */
  readonly calls: readonly { readonly slot: number; readonly callee: number }[];
}

export const THROW_ID = 1;
/** Kfuncs are told apart by how many arguments they take. */
export const kfuncId = (args: number): number => 100 + args;

const [R0, R1, R2, R6, FP, ARGS] = [0, 1, 2, 6, 10, 11];
const WORD = 8;
const CALLEE_SAVED = 4;
/** Values of one function. */
const VALUES = 0x100;

class Code implements ThrowCode {
  readonly insns: (Insn | undefined)[] = [];
  readonly calls: { slot: number; callee: number }[] = [];
  /** Stack arguments that some call of the function passes. */
  readonly outgoing: number;
  /** Where results of calls are added up, if anywhere. */
  readonly #sum: number | undefined;
  #next: number;

  constructor(index: number, outgoing: number, sum: number | undefined) {
    this.outgoing = outgoing;
    this.#sum = sum;
    this.#next = (index + 1) * VALUES;
  }

  emit(...insns: readonly Insn[]): void {
    for (const insn of insns) {
      this.insns.push(insn);
      if (insn.kind === 'lddw') this.insns.push(undefined);
    }
  }

  /** Another one each time. */
  value(): number {
    return this.#next++;
  }

  /** Sets so many arguments: every other stack argument from a register. */
  pass(args: number): void {
    for (let k = 1; k <= Math.min(args, MAX_REG_ARGS); k++) this.emit(movImm(k, this.value()));
    this.store(args - MAX_REG_ARGS);
  }

  keepResult(): void {
    if (this.#sum !== undefined) this.emit(aluReg('add', this.#sum, R0));
  }

  store(slots: number): void {
    for (let slot = 1; slot <= slots; slot++) {
      if (slot % 2 === 0) this.emit(movImm(R0, -this.value()), storeReg(ARGS, -WORD * slot, R0));
      else this.emit(storeImm(ARGS, -WORD * slot, this.value()));
    }
  }
}

export function throwFunctionCode(fn: ThrowFunction, scope: ThrowScope): ThrowCode {
  const steps = fn.steps.filter((step) => isPossible(step, scope));
  const passed = steps.map((step) => argsOf(step, scope) - MAX_REG_ARGS);
  const saved = Array.from({ length: CALLEE_SAVED }, (_, i) => R6 + i).filter(
    (_, i) => ((fn.saved >> i) & 1) === 1,
  );
  const code = new Code(scope.index, Math.max(0, ...passed), saved[0]);
  const words = Array.from({ length: fn.words }, (_, i) => -WORD * (i + 1));
  for (const reg of saved) code.emit(movImm(reg, code.value()));
  for (let slot = 1; slot <= scope.args - MAX_REG_ARGS; slot++) {
    code.emit(load(R0, ARGS, WORD * slot));
    code.keepResult();
  }
  for (const off of words) code.emit(storeImm(FP, off, code.value()));
  // A callback's r1 is the cookie; it shows in the result.
  if (!scope.mayThrow && saved[0] !== undefined) code.emit(movReg(saved[0], R1));
  for (const step of steps) lowerStep(step, scope, code);
  code.emit(movImm(R0, code.value()));
  for (const reg of saved) code.emit(aluReg('add', R0, reg));
  for (const off of words) code.emit(load(R2, FP, off), aluReg('add', R0, R2));
  code.emit(EXIT_INSN);
  return code;
}

function isPossible({ kind }: ThrowStep, { mayThrow, callees }: ThrowScope): boolean {
  if (kind === 'throw') return mayThrow;
  return kind !== 'call' || callees.length > 0;
}

const calleeOf = (callee: number, { callees }: ThrowScope) =>
  callees[callee % callees.length] as ThrowScope['callees'][number];

function argsOf(step: ThrowStep, scope: ThrowScope): number {
  if (step.kind === 'kfunc') return step.args;
  return step.kind === 'call' ? calleeOf(step.callee, scope).args : 0;
}

function lowerStep(step: ThrowStep, scope: ThrowScope, code: Code): void {
  switch (step.kind) {
    case 'call': {
      const { index, args } = calleeOf(step.callee, scope);
      code.pass(args);
      code.calls.push({ slot: code.insns.length, callee: index });
      code.emit(call('local', 0));
      return code.keepResult();
    }
    case 'kfunc':
      code.pass(step.args);
      code.emit(callKfunc(kfuncId(step.args)));
      return code.keepResult();
    case 'store':
      return code.store(Math.min(step.slots, code.outgoing));
    case 'throw':
      // A word that is 0, which nobody knows but the run; the jump goes past cookie and call.
      code.emit(lddw(R2, DATA_BASE), load(R2, R2, 0));
      code.emit(jccImm(step.when === 'never' ? 'jeq' : 'jne', R2, 0, 3));
      code.emit(lddw(R1, BigInt.asUintN(64, step.cookie)));
      return code.emit(callKfunc(THROW_ID));
  }
}

const callKfunc = (imm: number): Insn => call('kfunc', imm);
