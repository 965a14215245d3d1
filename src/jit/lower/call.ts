/** Calls of helpers, kfuncs and subprogs: one `call rel32`; where tail calls are counted, the pointer to the count before it, and what counts calls. Kernel: `emit_call()`. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { CallInsn } from '../../bpf/insn.ts';
import { type Program, type Subprog, subprogAt } from '../../bpf/program.ts';
import { calleeKey, calleeOf } from '../../core/env.ts';
import type { CalleeRef } from '../../core/execution.ts';
import { wordsIn } from '../../core/native.ts';
import { CALL_REL32 } from '../../x86/forms.ts';
import { RDX, RSI } from '../../x86/reg.ts';
import { type ArgWord, argWords, stackWords } from '../native-args.ts';
import type { LowerContext } from './context.ts';
import { emitMoves, movesOf } from './kfunc-args.ts';
import { movReg64 } from './move.ts';
import { keepingR9 } from './private-stack.ts';
import { loadTailCallPointer } from './tail-call-count.ts';
import { countCall } from './thunk.ts';

/** Who is called, and with how many stack arguments, counted from argument 6. */
export interface CallTarget extends CalleeRef {
  readonly stackArgs: number;
  /** Of a kfunc with arguments of two words: where C expects each word. */
  readonly words?: readonly ArgWord[];
  /** Its result is of two words: the second is r2's. */
  readonly returnsTwo?: boolean;
}

export function lowerCall(context: LowerContext, callee: CallTarget): void {
  keepingR9(context, callee, emitCall);
}

/** Without r9, which conventions keep in ways of their own. */
export function emitCall(context: LowerContext, callee: CallTarget): void {
  const { kind, id, words, returnsTwo } = callee;
  const { asm, calls, frame, tailCall } = context;
  if (kind === 'bpf' && tailCall !== 'none') loadTailCallPointer(asm, frame);
  if (words !== undefined) emitMoves(asm, movesOf(words));
  countCall(context);
  asm.rel(CALL_REL32, 0);
  calls.push({ end: asm.length, callee: calleeOf(kind, id) });
  if (returnsTwo === true) movReg64(asm, RSI, RDX);
}

/** From a call, of which `end` is behind it: both counted from the start of the image. */
export const displacement = (target: number, end: number): number => target - end;

/** A kfunc without a prototype is taken to need all that its caller passes to anyone. */
export function callTarget(program: Program, caller: Subprog, pc: number, insn: CallInsn): CallTarget {
  const { target, imm } = insn;
  if (target === 'local') {
    const { index, args } = subprogAt(program, pc + 1 + imm);
    return { kind: 'bpf', id: index, stackArgs: Math.max(0, args - MAX_REG_ARGS) };
  }
  const ref = { kind: target, id: imm };
  const { args, signature } = program.callees.get(calleeKey(ref)) ?? {};
  const unknown = target === 'kfunc' ? caller.outgoing : 0;
  const stackArgs = args === undefined ? unknown : Math.max(0, args - MAX_REG_ARGS);
  if (signature === undefined) return { kind: target, id: imm, stackArgs };
  const returnsTwo = signature.result !== undefined && wordsIn(signature.result) > 1;
  return { kind: target, id: imm, stackArgs, words: argWords(signature.args), returnsTwo };
}

/** Words of stack that some kfunc a subprog calls takes, gaps too; those of types of one word are not counted. */
export function typedStackWords(program: Program, { start, end }: Subprog): number {
  let most = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = program.insns[pc];
    if (insn?.kind !== 'call' || insn.target !== 'kfunc') continue;
    const signature = program.callees.get(calleeKey({ kind: 'kfunc', id: insn.imm }))?.signature;
    if (signature !== undefined) most = Math.max(most, stackWords(argWords(signature.args)));
  }
  return most;
}

/** Whether the types of some callee's arguments are known. */
export function hasSignatures({ callees }: Program): boolean {
  for (const { signature } of callees.values()) if (signature !== undefined) return true;
  return false;
}
