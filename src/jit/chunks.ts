/** The entries of a subprog as bytes, with their jumps still open: lengths settle once all are known (relax.ts). */
import type { CallInsn, Insn } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import type { Assembler } from '../x86/assembler.ts';
import { LFENCE } from '../x86/forms.ts';
import type { Entries } from './entries.ts';
import type { Frame } from './frame.ts';
import type { Hardening, PendingRef } from './hardening.ts';
import type { knownTailCalls } from './known-tail-call.ts';
import { callTarget } from './lower/call.ts';
import type { JumpForms, LowerContext, PendingCall, PendingFault } from './lower/context.ts';
import { REG_PRIVATE_FP } from './regmap.ts';
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
import { ScratchList, scratchBytes, scratchWords } from './scratch.ts';
import { isTailCall, type TailCallRole } from './tail-calls.ts';
import type { Target } from './target.ts';

export interface Chunks extends Unsettled {
  readonly asm: Assembler;
  /** Of each of the jumps. */
  readonly forms: readonly JumpForms[];
  readonly calls: readonly PendingCall[];
  readonly refs: readonly PendingRef[];
  readonly faults: readonly PendingFault[];
}

/** What lowering needs beside the entries and their frame. */
export interface Lowering {
  /** Emptied first; holds the chunks until the next subprog is lowered, as do all buffers they are in. */
  readonly asm: Assembler;
  readonly target: Target;
  /** Address the image is linked for. */
  readonly base: bigint;
  readonly bmi2: boolean;
  readonly endbr: boolean;
  readonly tailCall: TailCallRole;
  readonly hardening: Hardening;
  readonly enterException?: LowerContext['enterException'];
}

// Those of the subprog that was lowered last, by entry.
const STARTS = scratchWords();
const SLOTS = scratchWords();
const JUMP_KINDS = scratchBytes();
const JUMPS = new ScratchList();
const FORMS: JumpForms[] = [];

/** Emits prologue and entries. */
export function lowerEntries(
  program: Program,
  subprog: Subprog,
  entries: Entries,
  frame: Frame,
  { asm, base, bmi2, endbr, tailCall, hardening, enterException, target }: Lowering,
): Chunks {
  const { count, pcs, targets } = entries;
  asm.reset();
  const calls: PendingCall[] = [];
  const refs: PendingRef[] = [];
  const faults: PendingFault[] = [];
  JUMPS.clear();
  const context: LowerContext = {
    programName: program.name,
    asm,
    base,
    frame,
    bmi2,
    endbr,
    tailCall,
    hardening,
    enterException,
    calls,
    refs,
    faults,
    jump: undefined,
  };
  // Linux patches no jumps into programs whose constants it blinds.
  const isPatched = tailCall !== 'none' && hardening.blinding === undefined;
  const known = isPatched ? target.knownTailCalls(program, subprog) : NONE_KNOWN;
  target.prologue(context);
  const starts = STARTS.take(count + 1);
  const slots = SLOTS.take(count + 1);
  const jump = JUMP_KINDS.take(count);
  let slot = 0;
  let exit = -1;
  for (let i = 0; i < count; i++) {
    const insn = entries.insnAt(i);
    const pc = pcs[i] as number;
    starts[i] = asm.length;
    slots[i] = slot;
    jump[i] = NO_JUMP;
    // Looked up once: what it is of differs in shape from kind to kind, which is what this loop would wait for.
    const { kind } = insn;
    if (kind === 'exit') {
      target.lowerExit(context, exit < 0 ? 'first' : 'later');
      if (exit < 0) exit = i;
    } else if (kind !== 'call') target.lowerInsn(context, target.convention, insn, pc);
    else if (isTailCall(program, insn as CallInsn)) emitTailCall(context, target, known.get(pc));
    else target.lowerCall(context, callTarget(program, subprog, pc, insn as CallInsn));
    if (hardening.lfence === true && isStackStore(insn)) asm.none(LFENCE);
    slot += kind === 'lddw' ? 2 : 1;
    if (context.jump === undefined) continue;
    jump[i] = kind === 'exit' ? EXIT_JUMP : kind === 'jcc' ? COND_JUMP : GOTO_JUMP;
    FORMS[JUMPS.count] = context.jump;
    JUMPS.push(i);
    context.jump = undefined;
  }
  starts[count] = asm.length;
  slots[count] = slot;
  return {
    asm,
    starts,
    slots,
    jump,
    jumps: JUMPS,
    forms: FORMS,
    calls,
    refs,
    faults,
    count,
    target: targets,
    epilogue: exit,
  };
}

/** The entry whose bytes end at `end` or hold the one before it; of the prologue, the first one. */
export function entryBefore({ starts, count }: Chunks, end: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] as number) < end) low = middle;
    else high = middle - 1;
  }
  return low;
}

const NONE_KNOWN: ReturnType<typeof knownTailCalls> = new Map();

function emitTailCall(context: LowerContext, target: Target, known: number | null | undefined): void {
  if (known === undefined) target.lowerTailCall(context);
  else target.lowerDirectTailCall(context, known);
}

/** What may be left half done when its place is read again speculatively: linux 2039f26f3aca. */
const isStackStore = (insn: Insn): boolean =>
  (insn.kind === 'st' || insn.kind === 'stx') && (insn.dst === R10 || insn.dst === REG_PRIVATE_FP);

/** Writes them out with settled addresses: what stands between two jumps in one go, then the jump. */
export function writeChunks(out: Assembler, chunks: Chunks, addrs: Int32Array, target: Target): void {
  const { asm, jumps, forms, starts } = chunks;
  let from = 0;
  for (let k = 0; k < jumps.count; k++) {
    const i = jumps.at(k);
    const to = starts[i + 1] as number;
    out.append(asm, from, to);
    from = to;
    writeJump(out, chunks, addrs, i, forms[k] as JumpForms, target);
  }
  out.append(asm, from, asm.length);
}

/** Nops left by padding, then the form its distance wants. */
function writeJump(
  out: Assembler,
  chunks: Chunks,
  addrs: Int32Array,
  i: number,
  forms: JumpForms,
  target: Target,
): void {
  const { starts } = chunks;
  const kind = chunks.jump[i] as number;
  const fixed = (starts[i + 1] as number) - (starts[i] as number);
  const room = (addrs[i + 1] as number) - (addrs[i] as number) - fixed;
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
