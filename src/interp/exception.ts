/**
 * Exceptions: linux f18b03fabaa9, `bpf_throw()`. All frames of the program end; its exception callback starts in the
 * place of main, with the cookie, and what it returns is the program's result.
 */
import type { CallInsn } from '../bpf/insn.ts';
import { R1 } from '../bpf/reg.ts';
import type { CalleeRef, Outcome } from '../core/execution.ts';
import { calledByNone } from './callback.ts';
import type { Machine } from './machine.ts';

/** `callback`: index of the exception callback. */
export function throwException(m: Machine, { imm }: CallInsn, callback: number): Outcome | undefined {
  const callee: CalleeRef = { kind: 'kfunc', id: imm };
  const cookie = m.regs.word(R1);
  m.trace.record(() => {
    const [regs, stack] = [m.regs.ofFrame(), m.frame.snapshot()];
    return { kind: 'call', callee, pc: m.pc, args: [cookie], regs, stack, result: undefined, throws: true };
  });
  if (cookie === undefined) return m.poisoned(R1, 'cookie of an exception');
  // KERNEL: "bpf_throw kfunc cannot be called from callback subprog".
  if (m.frames[0]?.subprog.index === callback) return m.unsupported('bpf_throw in an exception callback');
  if (m.end !== undefined) return m.unsupported('bpf_throw in a callback');
  for (let depth = 1; depth <= m.depth; depth++)
    if (m.frames[depth]?.calledBy !== undefined) return m.unsupported('bpf_throw in a callback');
  m.unwind(callback, cookie);
  m.trace.record(() => calledByNone(callback, [cookie]));
  return undefined;
}
