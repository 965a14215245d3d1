/**
 * Jumps: RFC 9669 §4.3, and Linux's may_goto. "The offset … is in units of 64-bit instructions relative to the
 * instruction following the jump instruction": `m.next` stands there already.
 */
import type { JaInsn, JccInsn, MayGotoInsn } from '../bpf/insn.ts';
import type { JumpOp } from '../bpf/jump.ts';
import { assertNever } from '../core/errors.ts';
import type { Outcome } from '../core/execution.ts';
import { fromS32, s32, s64, type U64, u32 } from '../core/u64.ts';
import type { Machine } from './machine.ts';

/** PC += offset (class JMP), PC += imm (class JMP32). */
export function ja(m: Machine, insn: JaInsn): undefined {
  m.next += insn.off;
}

/** PC += offset if dst op src. "JMP32 uses 32-bit wide operands." */
export function jcc(m: Machine, insn: JccInsn): Outcome | undefined {
  const { dst, src } = insn;
  const left = m.regs.word(dst);
  if (left === undefined) return m.poisoned(dst, 'jump condition');
  const right = insn.source === 'X' ? m.regs.word(src) : fromS32(insn.imm);
  if (right === undefined) return m.poisoned(src, 'jump condition');
  if (isTaken(insn, left, right)) m.next += insn.off;
  return undefined;
}

/** Whether it jumps, on these operands. */
export const isTaken = ({ op, width }: JccInsn, dst: U64, src: U64): boolean =>
  width === 64 ? holds64(op, dst, src) : holds32(op, dst, src);

function holds64(op: JumpOp, dst: bigint, src: bigint): boolean {
  return isSigned(op) ? holds(op, s64(dst), s64(src)) : holds(op, dst, src);
}

function holds32(op: JumpOp, dst: bigint, src: bigint): boolean {
  return isSigned(op) ? holds(op, s32(dst), s32(src)) : holds(op, u32(dst), u32(src));
}

/** The notes of the RFC's table: these compare signed numbers, the others unsigned ones. */
function isSigned(op: JumpOp): boolean {
  return op === 'jsgt' || op === 'jsge' || op === 'jslt' || op === 'jsle';
}

/** The relation on operands of the wanted width and sign. */
function holds(op: JumpOp, dst: bigint, src: bigint): boolean {
  switch (op) {
    // PC += offset if dst == src
    case 'jeq':
      return dst === src;
    // PC += offset if dst > src
    case 'jgt':
    case 'jsgt':
      return dst > src;
    // PC += offset if dst >= src
    case 'jge':
    case 'jsge':
      return dst >= src;
    // PC += offset if dst & src
    case 'jset':
      return (dst & src) !== 0n;
    // PC += offset if dst != src
    case 'jne':
      return dst !== src;
    // PC += offset if dst < src
    case 'jlt':
    case 'jslt':
      return dst < src;
    // PC += offset if dst <= src
    case 'jle':
    case 'jsle':
      return dst <= src;
    default:
      return assertNever(op);
  }
}

/**
 * KERNEL: Linux turns may_goto into a counter in the frame, shared by all may_gotos of the subprog
 * (`do_misc_fixups()`): if it is 0, goto +off; else count down and go on.
 */
export function mayGoto(m: Machine, insn: MayGotoInsn): undefined {
  if (m.frame.loops === 0) m.next += insn.off;
  else m.frame.loops--;
}
