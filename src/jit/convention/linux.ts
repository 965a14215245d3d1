/**
 * Stack arguments as they landed in Linux (linux 324c3ca6eed6): argument 6 travels in r9, argument n >= 7 is
 * written straight to [rsp + 8(n-7)] and read from [rbp + 16 + 8(n-7)]; a call is a bare `call`. The frame is
 * drawn in ../frame.ts.
 *
 *   store to [r11 - 8k]   k = 1: mov r9, src       k >= 2: mov [rbp + base - outgoing + 8k - 16], src
 *   load from [r11 + 8k]  k = 1: mov dst, r9       k >= 2: mov dst, [rbp + 8k]
 */

import { MAX_ARGS } from '../../bpf/calling.ts';
import type { LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import type { ArgPlaces } from '../../core/image.ts';
import { R9, RBP } from '../../x86/reg.ts';
import { argPlaces } from '../../x86/sysv.ts';
import type { Frame } from '../frame.ts';
import type { LowerContext } from '../lower/context.ts';
import { load, store, storeImm } from '../lower/memory.ts';
import { movReg64, movSigned } from '../lower/move.ts';
import { gprOf } from '../regmap.ts';

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

const PLACES = argPlaces(MAX_ARGS);

/** How a convention lowers stack arguments, and where they are at a callee's entry. */
export interface Convention {
  readonly name: string;
  readonly storeArg: (context: LowerContext, insn: StxInsn) => void;
  readonly storeArgImm: (context: LowerContext, insn: StInsn) => void;
  readonly loadArg: (context: LowerContext, insn: LdxInsn) => void;
  readonly places: ArgPlaces;
}

export const LINUX: Convention = {
  name: 'linux',
  storeArg,
  storeArgImm,
  loadArg,
  places: { bpf: PLACES, native: PLACES },
};
