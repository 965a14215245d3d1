/**
 * The layout of the seed patch (bpf-next v3 08/11): arguments are stored in an area of the frame, and pushed from
 * there before each call.
 *
 *   high   [rbp + 16 + 8(n-6)]  incoming argument n, n >= 6
 *          [rbp + 8]            return address
 *          [rbp]                saved rbp
 *          [rbp - D, rbp)       BPF stack
 *          8M bytes             outgoing arguments: argument n at [rbp - D - 8M + 8(n-6)], M is the most of any call
 *   low    C bytes              callee-saved registers; then, around a call, r9, if there is a private stack, and its
 *                               arguments once more
 *
 * A call of a subprog pushes all its stack arguments, the last one first; a call of a kfunc pushes arguments 7 and
 * on, and loads argument 6 to r9. Afterwards rsp goes back by as much.
 *
 * Open in the mail: how many a call pushes. Here: as many as the callee takes. Where the count of tail calls would be:
 * here, a frame with stack arguments has none. What an exception callback is passed: rsp of main
 * depends on how many arguments the call pushed that did not return, so here the place is counted from rbp.
 */
import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import { ADD, PUSH_RM64 } from '../../x86/forms.ts';
import { R9, RBP } from '../../x86/reg.ts';
import type { Entries } from '../entries.ts';
import { type Frame, type FrameNeeds, layOut } from '../frame.ts';
import { type CallTarget, emitCall } from '../lower/call.ts';
import type { LowerContext } from '../lower/context.ts';
import { lowerExit } from '../lower/exit.ts';
import { moveRsp, prologue } from '../lower/frame.ts';
import { load, store, storeImm } from '../lower/memory.ts';
import { keepingR9 } from '../lower/private-stack.ts';
import { gprOf } from '../regmap.ts';
import { BPF_REG_PLACES, type Convention, NATIVE_PLACES } from './convention.ts';

const WORD = 8;

function storeArg({ asm, frame }: LowerContext, insn: StxInsn): void {
  store(asm, WORD, RBP, slotOffset(frame, slotOf(insn)), gprOf(insn.src));
}

function storeArgImm({ asm, frame }: LowerContext, insn: StInsn): void {
  storeImm(asm, WORD, RBP, slotOffset(frame, slotOf(insn)), insn.imm);
}

function loadArg({ asm }: LowerContext, insn: LdxInsn): void {
  load(asm, WORD, gprOf(insn.dst), RBP, insn.off + WORD);
}

/** 0 for argument 6. */
const slotOf = ({ off }: { readonly off: number }): number => -off / WORD - 1;

/** From rbp to a slot of the outgoing area. */
const slotOffset = ({ outgoingBase, outgoing }: Frame, slot: number): number =>
  outgoingBase - outgoing + WORD * slot;

/** Outgoing arguments between BPF stack and callee-saved registers. */
export function layOutV3(
  entries: Entries,
  stackDepth: number,
  outgoingArgs: number,
  { tailCallBytes = 0, privateStack, ...needs }: FrameNeeds = {},
): Frame {
  if (tailCallBytes > 0) return layOut(entries, stackDepth, 0, { ...needs, tailCallBytes });
  const frame = layOut(entries, stackDepth, 0, {
    ...needs,
    ...(privateStack === undefined ? {} : { privateStack }),
  });
  const { saved } = frame;
  const outgoing = WORD * outgoingArgs;
  const outgoingAt = -(stackDepth + outgoing);
  const bytes = stackDepth + outgoing + WORD * saved.length;
  const savedAt = outgoingAt - WORD;
  return {
    ...frame,
    savedAt,
    outgoing,
    outgoingAt,
    outgoingBase: -stackDepth,
    bytes,
  };
}

/** The area is reserved with the BPF stack, and goes with it. */
const asStack = (context: LowerContext): LowerContext => {
  const { frame } = context;
  return { ...context, frame: { ...frame, stackDepth: frame.stackDepth + frame.outgoing, outgoing: 0 } };
};

export const prologueV3 = (context: LowerContext): void => prologue(asStack(context));

export function exitV3(context: LowerContext, which: 'first' | 'later'): void {
  const inner = asStack(context);
  lowerExit(inner, which);
  context.jump = inner.jump;
}

export function callV3(context: LowerContext, callee: CallTarget): void {
  keepingR9(context, callee, callWithCopies);
}

function callWithCopies(context: LowerContext, callee: CallTarget): void {
  const { asm, frame } = context;
  const inReg = callee.kind !== 'bpf' && callee.stackArgs > 0 ? 1 : 0;
  for (let slot = callee.stackArgs - 1; slot >= inReg; slot--)
    asm.memOne(PUSH_RM64, RBP, slotOffset(frame, slot));
  if (inReg > 0) load(asm, WORD, R9, RBP, slotOffset(frame, 0));
  emitCall(context, callee);
  moveRsp(asm, ADD, WORD * (callee.stackArgs - inReg));
}

export const V3: Convention = {
  name: 'v3',
  tailCalls: false,
  privateStack: true,
  typedKfuncs: false,
  storeArg,
  storeArgImm,
  loadArg,
  places: { bpf: BPF_REG_PLACES, native: NATIVE_PLACES, pushed: true },
};
