/**
 * The layout of the author's reply to the review: arguments are stored where they are passed, argument 6 too.
 *
 *   high   [rbp + 16 + 8(n-6)]  incoming argument n, n >= 6
 *          [rbp + 8]            return address
 *          [rbp]                saved rbp
 *          [rbp - D, rbp)       BPF stack
 *          16 bytes             where tail calls can be reached: the count and a pointer to it (../lower/tail-call-count.ts)
 *          C bytes              callee-saved registers
 *          8 bytes              r9, of a subprog with a private stack
 *   low    [rsp + 8(n-6)]       outgoing argument n, n >= 6: the last of them is the highest word
 *
 * BPF callees take them there. For a kfunc "outgoing stack should remove the bottom one for the 6th argument before
 * the call": `pop r9` does both, and `sub rsp, 8` makes the word again after the call.
 *
 * Open in the mail: "undo stack of outgoing stack arg + r9" after each call. The JIT cannot see where the stores for
 * a call begin, so the area cannot be made right before them: the prologue reserves it once, for the call that
 * passes most, and only what a kfunc takes away is made again. r9 is stored once, when it is set, and loaded from
 * there after each call.
 *
 * An exception callback finds the saved registers above main's whole outgoing area, argument 6's word too: no call of a
 * BPF callee, and none of `bpf_throw`, takes that away.
 */
import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import { POP_R64, SUB } from '../../x86/forms.ts';
import { R9, RBP } from '../../x86/reg.ts';
import type { Entries } from '../entries.ts';
import { type Frame, type FrameNeeds, layOut } from '../frame.ts';
import { type CallTarget, emitCall } from '../lower/call.ts';
import type { LowerContext } from '../lower/context.ts';
import { moveRsp } from '../lower/frame.ts';
import { load, store, storeImm } from '../lower/memory.ts';
import { gprOf } from '../regmap.ts';
import { BPF_REG_PLACES, type Convention, NATIVE_PLACES } from './convention.ts';

const WORD = 8;

function storeArg({ asm, frame }: LowerContext, insn: StxInsn): void {
  store(asm, WORD, RBP, outgoingOffset(frame, insn.off), gprOf(insn.src));
}

function storeArgImm({ asm, frame }: LowerContext, insn: StInsn): void {
  storeImm(asm, WORD, RBP, outgoingOffset(frame, insn.off), insn.imm);
}

function loadArg({ asm }: LowerContext, insn: LdxInsn): void {
  load(asm, WORD, gprOf(insn.dst), RBP, insn.off + WORD);
}

/** From [base + off] to [rbp + …]; off = -8 (argument 6) is rsp itself. */
const outgoingOffset = (frame: Frame, off: number): number =>
  frame.outgoingBase - frame.outgoing - off - WORD;

/** As Linux's frame, with a word for argument 6 too. */
export function layOutReply(
  entries: Entries,
  stackDepth: number,
  outgoingArgs: number,
  { tailCallBytes = 0, privateStack, ...needs }: FrameNeeds = {},
): Frame {
  const { callBytes: _, ...frame } = layOut(entries, stackDepth, 0, {
    ...needs,
    tailCallBytes,
    ...(privateStack === undefined ? {} : { privateStack }),
  });
  const kept = privateStack === undefined ? 0 : WORD;
  const outgoing = WORD * outgoingArgs;
  const outgoingBase = frame.outgoingBase - kept;
  return {
    ...frame,
    ...(kept === 0 ? {} : { keptR9: outgoingBase }),
    outgoing,
    outgoingBase,
    bytes: frame.bytes + kept + outgoing,
  };
}

export function callReply(context: LowerContext, callee: CallTarget): void {
  const takesArg6 = callee.kind === 'kfunc' && callee.stackArgs > 0;
  if (takesArg6) context.asm.o(POP_R64, R9);
  emitCall(context, callee);
  if (takesArg6) moveRsp(context.asm, SUB, WORD);
  const { keptR9 } = context.frame;
  if (keptR9 !== undefined) load(context.asm, WORD, R9, RBP, keptR9);
}

export const REPLY: Convention = {
  name: 'reply',
  tailCalls: true,
  privateStack: true,
  typedKfuncs: false,
  storeArg,
  storeArgImm,
  loadArg,
  places: { bpf: BPF_REG_PLACES, native: NATIVE_PLACES },
};
