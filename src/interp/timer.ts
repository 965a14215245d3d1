/** Timers, on the reference: core/timer.ts. What they call starts in the place of main, in a frame of its own. */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { CallInsn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import { R0, R1 } from '../bpf/reg.ts';
import type { CalleeRef, Outcome, Word } from '../core/execution.ts';
import { isTimerHelper, Timers } from '../core/timer.ts';
import { calledByNone, subprogToCall } from './callback.ts';
import type { Machine } from './machine.ts';

export const isTimer = ({ callbacks }: Program, { target, imm }: CallInsn): boolean =>
  callbacks !== undefined && target === 'helper' && isTimerHelper({ kind: target, id: imm });

/** Calls the helper. `args`: as many as it looks at. `endCall` ends a call, as of any callee. */
export function callTimer(
  m: Machine,
  callee: CalleeRef,
  args: readonly Word[],
  endCall: (m: Machine) => void,
): Outcome | undefined {
  const unknown = args.indexOf(undefined);
  if (unknown >= 0) return m.poisoned(R1 + unknown, 'argument of a timer');
  if (m.env.input.native !== undefined) return m.unsupported('timers of a program that native code calls');
  m.timers ??= new Timers(m.program.data);
  const result = m.timers.call(callee.id, args);
  m.trace.record(() => {
    const [regs, stack] = [m.regs.ofFrame(), m.frame.snapshot()];
    return { kind: 'call', callee, pc: m.pc, args, regs, stack, result, timer: true };
  });
  endCall(m);
  m.regs.set(R0, result);
  return undefined;
}

/** Main has ended, or what a timer called: starts what the next one calls. `end`: how main ended, for when none is left. */
export function nextTimer(m: Machine, timers: Timers, end: Outcome): Outcome | undefined {
  m.end = end;
  const expiry = timers.next();
  if (expiry === undefined) return end;
  const subprog = subprogToCall(m, expiry.callee);
  if ('kind' in subprog) return subprog;
  const args: readonly Word[] = Array.from({ length: subprog.args }, (_, i) => expiry.args[i]);
  m.trace.record(() => calledByNone(subprog.index, args));
  m.replace(subprog.index);
  for (let i = 0; i < MAX_REG_ARGS; i++) m.regs.put(R1 + i, args[i]);
  return undefined;
}
