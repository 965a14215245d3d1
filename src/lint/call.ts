/** Calls, as the caller sees them: arguments go, a result comes, memory that was passed may have changed. */
import { MAX_ARGS, MAX_REG_ARGS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import type { CallInsn, CallxInsn } from '../bpf/insn.ts';
import { R0 } from '../bpf/reg.ts';
import { argRegs } from '../bpf/registers.ts';
import { eachRun } from './bytes.ts';
import { calledSubprog, HELPER, neverReturns } from './calls.ts';
import type { WalkContext } from './context.ts';
import { goWild, readArgument, touch } from './memory.ts';
import { REACH, SLOT, type State } from './state.ts';
import type { ArgumentRead, Summary } from './summary.ts';
import {
  ARGUMENT,
  argumentOf,
  asArgument,
  asResult,
  isOnly,
  may,
  NUMBER,
  OTHER,
  offOf,
  orNullFrom,
  STACK,
  STALE,
  told,
  UNSET,
  type Value,
} from './value.ts';

/** Distance up to which reads are told from callee to caller. */
const FARTHEST = 8 * REACH;

/** What is in the place of argument n when a call is made. */
export const passed = (state: State, n: number): Value =>
  state.value(n <= MAX_REG_ARGS ? n : SLOT + n - MAX_REG_ARGS - 1);

/** Does a call; false if it does not come back, as far as is known. */
export function call(context: WalkContext, state: State, pc: number, insn: CallInsn | CallxInsn): boolean {
  const subprog = insn.kind === 'call' ? calledSubprog(context.program, pc, insn) : undefined;
  const callee = subprog === undefined ? undefined : context.summaries[subprog.index];
  if (callee === undefined) return callNative(context, state, pc, insn);
  const args = Array.from({ length: MAX_ARGS + 1 }, (_, n) => (n === 0 ? OTHER : arriving(state, n)));
  if (callee.enter((n) => asArgument(args[n] as Value, n))) context.onEnter(callee);
  if (callee.result === undefined) return false;
  reach(context, state, callee, args);
  endCall(state, asResult(callee.result, args, pc));
  return true;
}

/**
 * Argument n as the callee gets it. That a slot was never stored is told at the call; that a call has used it up
 * Linux may tell where the callee relies on it, and so it does of registers.
 */
function arriving(state: State, n: number): Value {
  const value = passed(state, n);
  return n <= MAX_REG_ARGS || may(value, STALE) ? value : told(value);
}

function callNative(context: WalkContext, state: State, pc: number, insn: CallInsn | CallxInsn): boolean {
  if (neverReturns(context.program, insn)) return false;
  for (let n = 1; n <= MAX_ARGS; n++) {
    const value = passed(state, n);
    if (may(value, ARGUMENT)) goWild(context);
    if (!may(value, STACK)) continue;
    touch(context, offOf(value));
    giveAway(context, state, value);
  }
  if (state.escaped) state.disturb();
  endCall(state, nativeResult(insn, pc));
  return true;
}

/** Whoever has the pointer may write there, now or later. */
function giveAway({ isTrusting }: WalkContext, state: State, pointer: Value): void {
  state.escaped = true;
  const off = offOf(pointer);
  if (isTrusting && off < 0) state.write(off, -off);
}

function nativeResult(insn: CallInsn | CallxInsn, pc: number): Value {
  if (insn.kind !== 'call' || insn.target !== 'helper') return OTHER;
  if (insn.imm === HELPER.map_lookup_elem) return orNullFrom(pc);
  return insn.imm === HELPER.get_prandom_u32 ? NUMBER : OTHER;
}

/** What the callee does through the pointers it is passed. */
function reach(context: WalkContext, state: State, callee: Summary, args: readonly Value[]): void {
  if (args.some((value) => may(value, ARGUMENT)))
    for (const read of callee.reads) passOn(context, state, args[read.argument] as Value, read);
  for (let n = 1; n <= MAX_ARGS; n++) {
    const value = args[n] as Value;
    const written = callee.written[n];
    if (isOnly(value, STACK)) {
      touch(context, offOf(value));
      state.escaped = true;
      if (callee.isWild) giveAway(context, state, value);
      if (written !== undefined) eachRun(written, (at, size) => state.write(offOf(value) + at - REACH, size));
    } else if (isOnly(value, ARGUMENT)) {
      const [argument, off] = [argumentOf(value), offOf(value)];
      if (callee.isWild) goWild(context);
      if (written !== undefined)
        eachRun(written, (at, size) => state.writeArgument(argument, off + at - REACH, size));
    } else if (may(value, STACK)) giveAway(context, state, value);
    else if (may(value, ARGUMENT)) goWild(context);
  }
  if (state.escaped) state.disturb();
}

/** A read through a pointer that this function was passed itself. */
function passOn(context: WalkContext, state: State, value: Value, read: ArgumentRead): void {
  if (!may(value, ARGUMENT)) return;
  const off = offOf(value) + read.off;
  // Recursion goes on and on, each time a little farther.
  if (Math.abs(off) <= FARTHEST) readArgument(context, state, { ...read, argument: argumentOf(value), off });
}

/** linux 0f6bd5e7a804 invalidate_outgoing_stack_args(); abi.rst: r1..r5 are scratch registers. */
function endCall(state: State, result: Value): void {
  for (const reg of argRegs(MAX_REG_ARGS)) state.clear(reg);
  for (let slot = 0; slot < MAX_STACK_ARGS; slot++) {
    const value = state.value(SLOT + slot);
    state.values[SLOT + slot] = isOnly(value, UNSET) ? UNSET : UNSET | STALE;
  }
  state.values[R0] = result;
  state.late = true;
}
