/** Calls of helpers, kfuncs and subprogs: one `call rel32`; where tail calls are counted, the pointer to the count before it, and what counts calls. Kernel: `emit_call()`. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { CallInsn } from '../../bpf/insn.ts';
import { type Program, type Subprog, subprogAt } from '../../bpf/program.ts';
import { calleeKey } from '../../core/env.ts';
import type { CalleeRef } from '../../core/execution.ts';
import { CALL_REL32 } from '../../x86/forms.ts';
import type { LowerContext } from './context.ts';
import { keepingR9 } from './private-stack.ts';
import { loadTailCallPointer } from './tail-call-count.ts';
import { countCall } from './thunk.ts';

/** Who is called, and with how many stack arguments, counted from argument 6. */
export interface CallTarget extends CalleeRef {
  readonly stackArgs: number;
}

export function lowerCall(context: LowerContext, callee: CallTarget): void {
  keepingR9(context, () => emitCall(context, callee));
}

/** Without r9, which conventions keep in ways of their own. */
export function emitCall(context: LowerContext, { kind, id }: CallTarget): void {
  const { asm, calls, frame, tailCall } = context;
  if (kind === 'bpf' && tailCall !== 'none') loadTailCallPointer(asm, frame);
  countCall(context);
  asm.rel(CALL_REL32, 0);
  calls.push({ end: asm.length, callee: { kind, id } });
}

/** From a call, of which `end` is the address behind it. */
export const displacement = (target: bigint, end: bigint): bigint => target - end;

/** A kfunc without a prototype is taken to need all that its caller passes to anyone. */
export function callTarget(program: Program, caller: Subprog, pc: number, insn: CallInsn): CallTarget {
  const { target, imm } = insn;
  if (target === 'local') {
    const { index, args } = subprogAt(program, pc + 1 + imm);
    return { kind: 'bpf', id: index, stackArgs: Math.max(0, args - MAX_REG_ARGS) };
  }
  const ref = { kind: target, id: imm };
  const args = program.callees.get(calleeKey(ref))?.args;
  const unknown = target === 'kfunc' ? caller.outgoing : 0;
  return {
    kind: target,
    id: imm,
    stackArgs: args === undefined ? unknown : Math.max(0, args - MAX_REG_ARGS),
  };
}
