/**
 * The native frame of a subprog, as Linux lays it out (linux 324c3ca6eed6):
 *
 *   high   [rbp + 16 + 8(n-7)]  incoming argument n, n >= 7
 *          [rbp + 8]            return address
 *          [rbp]                saved rbp
 *          [rbp - D, rbp)       BPF stack, D = stackDepth
 *          16 bytes             where tail calls can be reached: the count and a pointer to it (lower/tail-call-count.ts)
 *          C bytes              callee-saved registers: r12 if there is an arena; rbx, r13, r14, r15, those in use;
 *                           all five in an exception boundary (exceptions.ts)
 *   low    [rsp + 8(n-7)]       outgoing argument n, n >= 7
 *
 * Argument 6 has no place in memory: it is in r9 on both sides.
 */
import type { FrameShape, PrivateStack } from '../core/image.ts';
import type { Mutable } from '../core/mutable.ts';
import { type Gpr, R12 } from '../x86/reg.ts';
import type { Entries } from './entries.ts';
import { CALLEE_SAVED_BPF, gprOf } from './regmap.ts';

export interface Frame extends FrameShape {
  readonly saved: readonly Gpr[];
  /** r12 is the base of the arena. @defaultValue false */
  readonly hasArena?: boolean;
  /** Bytes for counting tail calls, between BPF stack and saved registers. */
  readonly tailCallBytes: number;
  /** rbp-relative offset of the word that keeps r9, where one does. */
  readonly keptR9?: number;
  /** rbp-relative offset of the end of the outgoing area, the byte above it: -(D + C) in Linux's frame, less 16 where tail calls are counted. */
  readonly outgoingBase: number;
}

/** What a frame is laid out for, beside stack and arguments. */
export interface FrameNeeds {
  /** @defaultValue 0 */
  readonly tailCallBytes?: number;
  /** `stackDepth` is 0 then. */
  readonly privateStack?: PrivateStack;
  /** r12 is saved. @defaultValue false */
  readonly hasArena?: boolean;
  /** Of an exception boundary: what it saves, whatever it uses. */
  readonly boundary?: readonly Gpr[];
}

/** `outgoingArgs`: stack arguments passed, counted from argument 6. */
export function layOut(
  entries: Entries,
  stackDepth: number,
  outgoingArgs: number,
  { tailCallBytes = 0, privateStack, hasArena = false, boundary }: FrameNeeds = {},
): Frame {
  const saved = boundary ?? savedOf(entries, hasArena);
  const savedBytes = 8 * saved.length;
  const outgoing = 8 * Math.max(0, outgoingArgs - 1);
  const frame: Mutable<Frame> = {
    stackDepth,
    saved,
    tailCallBytes,
    outgoing,
    outgoingBase: -(stackDepth + tailCallBytes + savedBytes),
    bytes: stackDepth + tailCallBytes + savedBytes + outgoing,
  };
  if (hasArena) frame.hasArena = true;
  if (tailCallBytes > 0) frame.savedAt = -(stackDepth + tailCallBytes) - 8;
  if (privateStack !== undefined) {
    frame.privateStack = privateStack;
    frame.callBytes = 8;
  }
  return frame;
}

/** Native registers of the callee-saved ones in use, by these: bit k for the k-th of CALLEE_SAVED_BPF. */
const SAVED: readonly (readonly Gpr[])[] = Array.from({ length: 1 << CALLEE_SAVED_BPF.length }, (_, used) =>
  CALLEE_SAVED_BPF.filter((_, k) => (used & (1 << k)) !== 0).map(gprOf),
);
const SAVED_WITH_ARENA = SAVED.map((saved) => [R12, ...saved]);
const FIRST = CALLEE_SAVED_BPF[0] as number;

/** Kernel: `detect_reg_usage()`. A register counts if it stands in any dst or src field. */
function savedOf({ traits }: Entries, hasArena: boolean): readonly Gpr[] {
  const used = (traits >> FIRST) & (SAVED.length - 1);
  return (hasArena ? SAVED_WITH_ARENA : SAVED)[used] as readonly Gpr[];
}
