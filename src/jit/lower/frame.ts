/** Prologue and epilogue: `emit_prologue()`, `push_callee_regs()`, `emit_sub_rsp()` and their mirrors. */

import { ARENA_BASE } from '../../core/layout.ts';
import { type Assembler, fitsInt8 } from '../../x86/assembler.ts';
import { ADD, ENDBR64, LEAVE, MOV, POP_R64, PUSH_R64, SUB, XOR } from '../../x86/forms.ts';
import { R9, R12, RAX, RBP, RSP } from '../../x86/reg.ts';
import type { Frame } from '../frame.ts';
import type { LowerContext } from './context.ts';
import { movWide } from './move.ts';
import { emitPrivateFp } from './private-stack.ts';
import { pushTailCallWords } from './tail-call-count.ts';
import { emitReturn } from './thunk.ts';

/** Bytes Linux leaves at the entry to patch in a call (X86_PATCH_SIZE), and where a program sets its count of tail calls. */
const PATCH_BYTES = 5;
const TAIL_CALL_COUNT_BYTES = 3;

export function prologue({ asm, frame, endbr, tailCall, enterException = enterFrame }: LowerContext): void {
  if (endbr) asm.none(ENDBR64);
  asm.nops(PATCH_BYTES);
  if (tailCall === 'program') asm.mr(XOR.rm64_r64, RAX, RAX);
  else asm.nops(TAIL_CALL_COUNT_BYTES);
  enterException(asm);
  if (endbr) asm.none(ENDBR64);
  if (frame.stackDepth > 0) asm.mi(SUB.rm64_imm32, RSP, frame.stackDepth);
  if (tailCall !== 'none') pushTailCallWords(asm, tailCall);
  for (const gpr of frame.saved) asm.o(PUSH_R64, gpr);
  const { privateStack } = frame;
  // Linux's order, where there is one: no outgoing area lies beside a private stack.
  if (privateStack !== undefined) setArenaBase(asm, frame);
  if (privateStack !== undefined) emitPrivateFp(asm, privateStack);
  if (frame.keptR9 !== undefined) asm.o(PUSH_R64, R9);
  moveRsp(asm, SUB, frame.outgoing);
  if (privateStack === undefined) setArenaBase(asm, frame);
}

function enterFrame(asm: Assembler): void {
  asm.o(PUSH_R64, RBP);
  asm.mr(MOV.rm64_r64, RBP, RSP);
}

/** r12, where there is an arena. */
function setArenaBase(asm: Assembler, { hasArena }: Frame): void {
  if (hasArena === true) movWide(asm, R12, ARENA_BASE);
}

export function epilogue(context: LowerContext): void {
  const { asm, frame } = context;
  moveRsp(asm, ADD, frame.outgoing + (frame.keptR9 === undefined ? 0 : 8));
  for (let k = frame.saved.length - 1; k >= 0; k--) asm.o(POP_R64, frame.saved[k] as number);
  asm.none(LEAVE);
  emitReturn(context);
}

/** Moves rsp by so many bytes, in the shorter form that fits; not at all by none. */
export function moveRsp(asm: Assembler, group: typeof ADD, bytes: number): void {
  if (bytes === 0) return;
  asm.mi(fitsInt8(bytes) ? group.rm64_imm8 : group.rm64_imm32, RSP, bytes);
}
