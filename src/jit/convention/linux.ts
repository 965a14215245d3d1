/**
 * Stack arguments as they landed in Linux (linux 324c3ca6eed6): argument 6 travels in r9, argument n >= 7 is
 * written straight to [rsp + 8(n-7)] and read from [rbp + 16 + 8(n-7)]; a call is a bare `call`. The frame is
 * drawn in ../frame.ts.
 *
 *   store to [r11 - 8k]   k = 1: mov r9, src       k >= 2: mov [rbp + base - outgoing + 8k - 16], src
 *   load from [r11 + 8k]  k = 1: mov dst, r9       k >= 2: mov dst, [rbp + 8k]
 */

import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import { R9, RBP } from '../../x86/reg.ts';
import type { Frame } from '../frame.ts';
import type { LowerContext } from '../lower/context.ts';
import { load, store, storeImm } from '../lower/memory.ts';
import { movReg64, movSigned } from '../lower/move.ts';
import { gprOf } from '../regmap.ts';
import { type Convention, NATIVE_PLACES } from './convention.ts';

/** Argument 6 is the first stack argument: [r11 - 8] going out, [r11 + 8] coming in. */
const ARG6 = 8;

function storeArg({ asm, frame }: LowerContext, insn: StxInsn): void {
  if (insn.off === -ARG6) movReg64(asm, R9, gprOf(insn.src));
  else store(asm, 8, RBP, outgoingOffset(frame, insn.off), gprOf(insn.src));
}

function storeArgImm({ asm, frame }: LowerContext, insn: StInsn): void {
  if (insn.off === -ARG6) movSigned(asm, R9, insn.imm);
  else storeImm(asm, 8, RBP, outgoingOffset(frame, insn.off), insn.imm);
}

function loadArg({ asm }: LowerContext, insn: LdxInsn): void {
  if (insn.off === ARG6) movReg64(asm, gprOf(insn.dst), R9);
  else load(asm, 8, gprOf(insn.dst), RBP, insn.off);
}

/** From [r11 + off] to [rbp + …]; off = -16 (argument 7) is rsp itself. */
const outgoingOffset = (frame: Frame, off: number): number => frame.outgoingBase - frame.outgoing - off - 16;

export const LINUX: Convention = {
  name: 'linux',
  // linux 35b78733160c: "tail_calls are not allowed in programs with stack args"
  tailCalls: false,
  // linux cb6af5314056: r9 is argument 6
  privateStack: false,
  typedKfuncs: true,
  storeArg,
  storeArgImm,
  loadArg,
  places: { bpf: NATIVE_PLACES, native: NATIVE_PLACES },
};
