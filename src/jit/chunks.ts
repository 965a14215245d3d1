/** The entries of a subprog as bytes, with their jumps still open: lengths settle once all are known (relax.ts). */
import type { Insn } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import type { Assembler } from '../x86/assembler.ts';
import { LFENCE } from '../x86/forms.ts';
import type { Frame } from './frame.ts';
import type { Hardening, PendingRef } from './hardening.ts';
import { callTarget } from './lower/call.ts';
import type { JumpForms, LowerContext, PendingCall } from './lower/context.ts';
import {
  COND_JUMP,
  EXIT_JUMP,
  GOTO_JUMP,
  isShortJump,
  LONG_BYTES,
  NO_JUMP,
  SHORT_BYTES,
  type Unsettled,
} from './relax.ts';
import type { Entry } from './rewrite.ts';
import { isTailCall, type TailCallRole } from './tail-calls.ts';
import type { Target } from './target.ts';

export interface Chunks extends Unsettled {
  readonly asm: Assembler;
  /** Offset of each entry's bytes in `asm`; one more at the end. */
  readonly starts: Int32Array;
  readonly forms: readonly (JumpForms | undefined)[];
  readonly calls: readonly PendingCall[];
  readonly callEntries: readonly number[];
  readonly refs: readonly PendingRef[];
  readonly refEntries: readonly number[];
}

/** What lowering needs beside the entries and their frame. */
export interface Lowering {
  /** Emptied first; holds the chunks until the next subprog is lowered. */
  readonly asm: Assembler;
  readonly target: Target;
  readonly bmi2: boolean;
  readonly endbr: boolean;
  readonly tailCall: TailCallRole;
  readonly hardening: Hardening;
}

/** Emits prologue and entries. */
export function lowerEntries(
  program: Program,
  subprog: Subprog,
  entries: readonly Entry[],
  frame: Frame,
  { asm, bmi2, endbr, tailCall, hardening, target }: Lowering,
): Chunks {
  const count = entries.length;
  asm.reset();
  const calls: PendingCall[] = [];
  const callEntries: number[] = [];
  const refs: PendingRef[] = [];
  const refEntries: number[] = [];
  const context: LowerContext = {
    programName: program.name,
    asm,
    frame,
    bmi2,
    endbr,
    tailCall,
    hardening,
    calls,
    refs,
    jump: undefined,
  };
  target.prologue(context);
  const prologueBytes = asm.length;
  // Few buffers: most programs are small, and a buffer costs more than what stands in it.
  const words = new Int32Array(3 * count + 1);
  const starts = words.subarray(0, count + 1);
  const fixed = words.subarray(count + 1, 2 * count + 1);
  const targets = words.subarray(2 * count + 1);
  const bytes = new Uint8Array(2 * count);
  const jump = bytes.subarray(0, count);
  const slots = bytes.subarray(count);
  const forms: (JumpForms | undefined)[] = new Array(count);
  let exit = -1;
  for (let i = 0; i < count; i++) {
    const { insn, pc, target: to } = entries[i] as Entry;
    starts[i] = asm.length;
    context.jump = undefined;
    if (insn.kind === 'exit') {
      target.lowerExit(context, exit < 0 ? 'first' : 'later');
      if (exit < 0) exit = i;
    } else if (insn.kind === 'call' && isTailCall(program, insn)) {
      target.lowerTailCall(context);
    } else if (insn.kind === 'call') {
      callEntries.push(i);
      target.lowerCall(context, callTarget(program, subprog, pc, insn));
    } else target.lowerInsn(context, target.convention, insn, pc);
    if (hardening.lfence === true && isStackStore(insn)) asm.none(LFENCE);
    while (refEntries.length < refs.length) refEntries.push(i);
    fixed[i] = asm.length - (starts[i] as number);
    jump[i] = jumpKind(insn.kind, context.jump);
    targets[i] = to;
    slots[i] = insn.kind === 'lddw' ? 2 : 1;
    forms[i] = context.jump;
  }
  starts[count] = asm.length;
  return {
    asm,
    starts,
    forms,
    calls,
    callEntries,
    refs,
    refEntries,
    count,
    prologueBytes,
    fixed,
    jump,
    target: targets,
    slots,
    epilogue: exit,
  };
}

/** What may be left half done when its place is read again speculatively: linux 2039f26f3aca. */
const isStackStore = (insn: Insn): boolean => (insn.kind === 'st' || insn.kind === 'stx') && insn.dst === R10;

function jumpKind(kind: string, forms: JumpForms | undefined): number {
  if (forms === undefined) return NO_JUMP;
  if (kind === 'exit') return EXIT_JUMP;
  return kind === 'jcc' ? COND_JUMP : GOTO_JUMP;
}

/** Writes them out with settled addresses: what stands between two jumps in one go, then the jump. */
export function writeChunks(out: Assembler, chunks: Chunks, addrs: Int32Array, target: Target): void {
  const bytes = chunks.asm.bytes();
  let from = 0;
  for (let i = 0; i < chunks.count; i++) {
    if (chunks.jump[i] === NO_JUMP) continue;
    const to = chunks.starts[i + 1] as number;
    out.raw(bytes, from, to);
    from = to;
    writeJump(out, chunks, addrs, i, target);
  }
  out.raw(bytes, from, bytes.length);
}

/** Nops left by padding, then the form its distance wants. */
function writeJump(out: Assembler, chunks: Chunks, addrs: Int32Array, i: number, target: Target): void {
  const kind = chunks.jump[i] as number;
  const forms = chunks.forms[i] as JumpForms;
  const room = (addrs[i + 1] as number) - (addrs[i] as number) - (chunks.fixed[i] as number);
  const d = target.distance(chunks, addrs, i);
  if (kind === GOTO_JUMP && d === 0) out.nops(room);
  else if (isShortJump(d)) {
    out.nops(room - SHORT_BYTES);
    out.rel(forms.rel8, d);
  } else {
    out.nops(room - (LONG_BYTES[kind] as number));
    out.rel(forms.rel32, d);
  }
}
