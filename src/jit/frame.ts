/**
 * The native frame of a subprog, as Linux lays it out (linux 324c3ca6eed6):
 *
 *   high   [rbp + 16 + 8(n-7)]  incoming argument n, n >= 7
 *          [rbp + 8]            return address
 *          [rbp]                saved rbp
 *          [rbp - D, rbp)       BPF stack, D = stackDepth
 *          C bytes              callee-saved registers: rbx, r13, r14, r15, those in use
 *   low    [rsp + 8(n-7)]       outgoing argument n, n >= 7
 *
 * Argument 6 has no place in memory: it is in r9 on both sides.
 */
import type { Insn } from '../bpf/insn.ts';
import type { FrameShape } from '../core/image.ts';
import type { Gpr } from '../x86/reg.ts';
import { CALLEE_SAVED_BPF, gprOf } from './regmap.ts';
import type { Entry } from './rewrite.ts';

export interface Frame extends FrameShape {
  readonly saved: readonly Gpr[];
  /** rbp-relative offset of the end of the outgoing area, the byte above it: -(D + C) in Linux's frame. */
  readonly outgoingBase: number;
}

/** `outgoingArgs`: stack arguments passed, counted from argument 6. */
export function layOut(entries: readonly Entry[], stackDepth: number, outgoingArgs: number): Frame {
  const saved = usedCalleeSaved(entries);
  const savedBytes = 8 * saved.length;
  const outgoing = 8 * Math.max(0, outgoingArgs - 1);
  return {
    stackDepth,
    saved,
    outgoing,
    outgoingBase: -(stackDepth + savedBytes),
    bytes: stackDepth + savedBytes + outgoing,
  };
}

/** Kernel: `detect_reg_usage()`. A register counts if it stands in any dst or src field. */
function usedCalleeSaved(entries: readonly Entry[]): Gpr[] {
  let mask = 0;
  for (const { insn } of entries) mask |= fieldsMask(insn);
  return CALLEE_SAVED_BPF.filter((reg) => (mask & (1 << reg)) !== 0).map(gprOf);
}

function fieldsMask(insn: Insn): number {
  switch (insn.kind) {
    case 'alu':
    case 'jcc':
    case 'movsx':
    case 'ldx':
    case 'stx':
    case 'atomic':
      return (1 << insn.dst) | (1 << insn.src);
    case 'swap':
    case 'lddw':
    case 'st':
    case 'callx':
      return 1 << insn.dst;
    default:
      return 0;
  }
}
