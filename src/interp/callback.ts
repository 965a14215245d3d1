/** Helpers that call functions of the program: core/callback.ts. Their frames lie between caller's and function's. */
import { MAX_CALL_FRAMES, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { CallInsn } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R0, R1 } from '../bpf/reg.ts';
import { callbackPlan, callsBack, LOOKED_AT, type PendingCallback } from '../core/callback.ts';
import type { CallEvent, CalleeRef, FrameRegs, Outcome, Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import type { Machine } from './machine.ts';

/** The helper's own: nobody's business. */
const NO_REGS: FrameRegs = [undefined, undefined, undefined, undefined, undefined];

/** The event of a subprog that no subprog calls: a helper does, or it starts in the place of main. `pc`: the helper's call. */
export function calledByNone(subprog: number, args: readonly Word[], pc: number | null = null): CallEvent {
  const callee: CalleeRef = { kind: 'bpf', id: subprog };
  return { kind: 'call', callee, pc, args, regs: NO_REGS, stack: null, result: undefined };
}

export const isCallingBack = ({ callbacks }: Program, { target, imm }: CallInsn): boolean =>
  callbacks !== undefined && target === 'helper' && callsBack({ kind: target, id: imm });

/** Calls the helper. `endCall` ends a call, as of any callee. */
export function callBack(
  m: Machine,
  callee: CalleeRef,
  args: readonly Word[],
  endCall: (m: Machine) => void,
): Outcome | undefined {
  const unknown = LOOKED_AT.find((i) => args[i] === undefined);
  if (unknown !== undefined) return m.poisoned(R1 + unknown, 'argument of a helper that calls back');
  m.trace.record(() => ({
    kind: 'call',
    callee,
    pc: m.pc,
    args,
    regs: m.regs.ofFrame(),
    stack: m.frame.snapshot(),
    result: undefined,
    callsBack: true,
  }));
  endCall(m);
  const plan = callbackPlan(callee.id, args, m.program.data);
  if (typeof plan !== 'bigint') return callNext(m, { plan, index: 0, pc: m.pc });
  m.regs.set(R0, plan);
  return undefined;
}

/** The function has returned to the helper, with r0. */
export function endCallback(m: Machine, { plan, index, pc }: PendingCallback): Outcome | undefined {
  const result = m.regs.word(R0);
  if (result === undefined) return m.poisoned(R0, 'result of a callback');
  const called = index + 1;
  if (result === 0n) return callNext(m, { plan, index: called, pc });
  m.regs.set(R0, BigInt(called));
  return undefined;
}

function callNext(m: Machine, pending: PendingCallback): Outcome | undefined {
  const { plan, index, pc } = pending;
  if (index === plan.count) {
    m.regs.set(R0, BigInt(index));
    return undefined;
  }
  const subprog = subprogToCall(m, plan.callee);
  if ('kind' in subprog) return subprog;
  if (m.depth + 1 === MAX_CALL_FRAMES) return m.fault({ kind: 'frames' });
  const given = plan.argsAt(index);
  const args = Array.from({ length: subprog.args }, (_, i) => given[i]);
  m.trace.record(() => calledByNone(subprog.index, args, pc));
  m.enter(subprog, m.regs.ofFrame(), pending);
  for (let i = 0; i < MAX_REG_ARGS; i++) m.regs.put(R1 + i, args[i]);
  return undefined;
}

/** The function that a helper is to call, or why it is not called. */
export function subprogToCall(m: Machine, address: U64): Subprog | Outcome {
  const subprog = m.program.subprogs.find((each) => m.entryOf(each.index) === address);
  if (subprog === undefined) return m.unsupported('callback of what is no function of the program');
  // KERNEL: "cannot call exception cb directly".
  if (subprog.index === m.program.exceptionCallback)
    return m.unsupported('callback that is the exception callback');
  // KERNEL: "callee expects %d args, stack arg1 is not initialized".
  return subprog.args > MAX_REG_ARGS ? m.unsupported('callback with stack arguments') : subprog;
}
