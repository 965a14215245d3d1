/**
 * Calls and exit: RFC 9669 §4.3, §4.3.1, §4.3.2. Arguments 1..5 travel in R1..R5 (abi.rst), 6..12 in stack
 * slots (linux 324c3ca6eed6).
 */
import { MAX_CALL_FRAMES, MAX_REG_ARGS } from '../bpf/calling.ts';
import { isThrow } from '../bpf/exceptions.ts';
import type { CallInsn, CallxInsn } from '../bpf/insn.ts';
import { type Callee, type Subprog, subprogAt } from '../bpf/program.ts';
import { R0, R1, R2 } from '../bpf/reg.ts';
import { calleeKey, calleeOf, defaultModel, secondWord } from '../core/env.ts';
import { OracleError } from '../core/errors.ts';
import type { CalleeRef, Outcome, Word } from '../core/execution.ts';
import { wordsIn } from '../core/native.ts';
import { timerArgs } from '../core/timer.ts';
import { type U64, u64 } from '../core/u64.ts';
import { callBack, endCallback, isCallingBack } from './callback.ts';
import { throwException } from './exception.ts';
import type { Machine } from './machine.ts';
import { isTailCall, tailCall } from './tail-call.ts';
import { callTimer, isTimer, nextTimer } from './timer.ts';

export function call(m: Machine, insn: CallInsn): Outcome | undefined {
  switch (insn.target) {
    // call PC += imm
    case 'local':
      return callSubprog(m, subprogAt(m.program, m.next + insn.imm));
    // call helper function by static ID
    case 'helper':
      if (isTailCall(m.program, insn)) return tailCall(m, endCall);
      if (isCallingBack(m.program, insn)) {
        const callee = calleeOf('helper', insn.imm);
        const known = m.program.callees.get(calleeKey(callee));
        return callBack(m, callee, outgoingArgs(m, nativeArgCount(m, callee, known)), endCall);
      }
      if (isTimer(m.program, insn)) {
        const args = outgoingArgs(m, timerArgs(insn.imm));
        return callTimer(m, calleeOf('helper', insn.imm), args, endCall);
      }
      return callNative(m, calleeOf('helper', insn.imm));
    // call helper function by BTF ID
    case 'kfunc':
      if (isThrow(m.program, insn)) return throwException(m, insn, m.program.exceptionCallback);
      return callNative(m, calleeOf('kfunc', insn.imm));
  }
}

/** Conformance group callx. NON-SPEC: not run, not even of the address of a function. */
export function callx(m: Machine, insn: CallxInsn): Outcome {
  return m.regs.isPoison(insn.dst) ? m.poisoned(insn.dst, 'call target') : m.unsupported('callx');
}

/** return */
export function exit(m: Machine): Outcome | undefined {
  return m.depth === 0 ? exitMain(m) : exitSubprog(m);
}

function callSubprog(m: Machine, subprog: Subprog): Outcome | undefined {
  // KERNEL: "the call stack of 9 frames is too deep".
  if (m.depth + 1 === MAX_CALL_FRAMES) return m.fault({ kind: 'frames' });
  const args = outgoingArgs(m, subprog.args);
  const regs = m.regs.ofFrame();
  if (m.trace.admits())
    m.trace.keep({
      kind: 'call',
      callee: calleeOf('bpf', subprog.index),
      pc: m.pc,
      args,
      regs,
      stack: m.frame.snapshot(),
      result: undefined,
    });
  m.enter(subprog, regs);
  m.frame.receive(args);
  // The others are where they were.
  for (let i = args.length; i < MAX_REG_ARGS; i++) m.regs.poison(R1 + i);
  return undefined;
}

function exitSubprog(m: Machine): Outcome | undefined {
  const { frame } = m;
  const { calledBy } = frame;
  m.leave();
  endCall(m);
  if (m.trace.admits())
    m.trace.keep({
      kind: 'return',
      subprog: frame.subprog.index,
      result: m.regs.word(R0),
      regs: calledBy === undefined ? m.frame.saved : null,
      stack: frame.snapshot(),
    });
  return calledBy === undefined ? undefined : endCallback(m, calledBy);
}

/**
 * "The BPF program needs to store the return value into register R0 before doing an EXIT."
 * KERNEL: so does what a timer calls; nobody looks at it.
 */
export function exitMain(m: Machine): Outcome | undefined {
  const { end, timers } = m;
  const r0 = m.regs.word(R0);
  if (r0 === undefined) return m.poisoned(R0, end === undefined ? 'result of main' : 'result of a callback');
  const { frame } = m;
  if (m.trace.admits())
    m.trace.keep({
      kind: 'return',
      subprog: frame.subprog.index,
      result: r0,
      regs: null,
      stack: frame.snapshot(),
    });
  return timers === undefined ? { kind: 'exit', r0 } : nextTimer(m, timers, end ?? { kind: 'exit', r0 });
}

/** A helper or a kfunc: its model computes r0. */
function callNative(m: Machine, callee: CalleeRef): undefined {
  const key = calleeKey(callee);
  const known = m.program.callees.get(key);
  const args = outgoingArgs(m, nativeArgCount(m, callee, known));
  // The model may write to the caller's frame: the event shows it as it was before.
  const stack = m.trace.isFull ? null : m.frame.snapshot();
  const result = runModel(m, callee, args, key, known);
  if (m.trace.admits())
    m.trace.keep({ kind: 'call', callee, pc: m.pc, args, regs: m.regs.ofFrame(), stack, result });
  else m.trace.keepMask(args);
  endCall(m);
  m.regs.set(R0, result);
  // KERNEL: where a kfunc returns two words, the second is in r2.
  const returned = known?.signature?.result;
  if (returned !== undefined && wordsIn(returned) > 1) m.regs.set(R2, secondWord(result));
}

/** NON-SPEC: a kfunc without a prototype takes what was stored since the last call; a helper takes 5. */
function nativeArgCount(m: Machine, callee: CalleeRef, known: Callee | undefined): number {
  return known?.args ?? MAX_REG_ARGS + (callee.kind === 'kfunc' ? m.frame.stored : 0);
}

/** `known`: what it is called where it goes wrong. */
function runModel(
  m: Machine,
  callee: CalleeRef,
  args: readonly Word[],
  key: string,
  known: Callee | undefined,
): U64 {
  const { models } = m.env;
  // Most have none.
  const model = models.size === 0 ? defaultModel : (models.get(key) ?? defaultModel);
  try {
    return u64(model({ callee, args, memory: m.memory }));
  } catch (cause) {
    const why = `its model threw "${cause instanceof Error ? cause.message : cause}": mend the model`;
    throw new OracleError(
      'engine',
      { what: 'call', where: `${known?.name ?? key} (${key}) at insn ${m.pc}`, why },
      { cause },
    );
  }
}

/** Arguments 1..count as the caller passes them. */
function outgoingArgs(m: Machine, count: number): Word[] {
  const args = new Array<Word>(count);
  const inRegs = Math.min(count, MAX_REG_ARGS);
  for (let i = 0; i < inRegs; i++) args[i] = m.regs.word(R1 + i);
  for (let i = inRegs; i < count; i++) args[i] = m.frame.outgoing(i - MAX_REG_ARGS);
  return args;
}

/** abi.rst: R1..R5 are scratch registers after a call. KERNEL: so are the slots of stack arguments. */
function endCall(m: Machine): void {
  for (let i = 0; i < MAX_REG_ARGS; i++) m.regs.poison(R1 + i);
  m.frame.endCall();
}
