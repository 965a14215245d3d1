/**
 * BPF to x86-64: the whole program to an image. Each subprog is lowered once into chunks of bytes, one an entry;
 * then the lengths of its jumps settle (relax.ts); then chunks and jumps are written out and calls resolved.
 */

import { type Program, type Subprog, subprogAt } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallSite, FrameShape, Image } from '../core/image.ts';
import { CALLEE_BASE, CALLEE_STRIDE, CODE_BASE } from '../core/layout.ts';
import { Assembler } from '../x86/assembler.ts';
import type { Frame } from './frame.ts';
import type { JumpForms, LowerContext, PendingCall } from './lower/context.ts';
import { BPF_TO_GPR } from './regmap.ts';
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
import type { Entry, RewritePass } from './rewrite.ts';
import { LINUX_TARGET, type Target } from './target.ts';

export interface JitOptions {
  /** Shift by register with shlx/shrx/sarx. @defaultValue true */
  readonly bmi2?: boolean;
  /** endbr64 where Linux has it with CONFIG_X86_KERNEL_IBT. @defaultValue false */
  readonly endbr?: boolean;
  /** Address the image is linked for. @defaultValue CODE_BASE */
  readonly base?: bigint;
  /** Address of a helper or a kfunc. @defaultValue one slot of CALLEE_STRIDE bytes each from CALLEE_BASE, in the program's order */
  readonly calleeAddress?: (callee: CalleeRef) => bigint;
}

/** A native instruction group: what one entry became. */
export interface CompiledEntry {
  readonly entry: Entry;
  /** Offset of its first byte in the image, and how many bytes it has. */
  readonly offset: number;
  readonly length: number;
}

/** A subprog of the image. */
export interface CompiledSubprog {
  readonly subprog: Subprog;
  readonly offset: number;
  readonly prologueBytes: number;
  readonly frame: FrameShape;
  readonly entries: readonly CompiledEntry[];
  /** Passes until the lengths of its jumps settled. */
  readonly passes: number;
}

/** One rewrite that happened before the JIT: `pass` at slot `pc` gave so many instructions. */
export interface RewriteNote {
  readonly pass: RewritePass;
  readonly pc: number;
  readonly insns: number;
}

export interface Compiled {
  readonly image: Image;
  readonly subprogs: readonly CompiledSubprog[];
  readonly rewrites: readonly RewriteNote[];
}

/** Subprogs start on multiples of this; the gap is filled with int3, as the kernel fills unused image bytes. */
const ALIGN = 16;
const FILL = 0xcc;

/** Compiles a program. Throws an `input` error for instructions outside what this JIT supports. */
export function compile(program: Program, options: JitOptions = {}, target: Target = LINUX_TARGET): Compiled {
  const base = options.base ?? CODE_BASE;
  const out = new Assembler(program.insns.length * 8 + 256);
  const depths = target.stackDepths(program);
  const calls: PendingCall[] = [];
  const sites: { readonly pc: number; readonly call: PendingCall }[] = [];
  const subprogs = program.subprogs.map((subprog) => {
    align(out);
    return compileSubprog(program, subprog, depths[subprog.index] as number, { options, target, out, sites });
  });
  for (const { call } of sites) calls.push(call);
  link(program, subprogs, out, base, calls, options.calleeAddress ?? defaultAddresses(program));
  return {
    image: {
      jit: 'builtin',
      code: out.bytes().slice(),
      base,
      entry: 0,
      subprogEntries: subprogs.map(({ offset }) => offset),
      regs: BPF_TO_GPR,
      args: target.convention.places,
      pcMap: pcMapOf(subprogs),
      callSites: sites.map(({ pc, call }): CallSite => ({ pc, returnOffset: call.end, callee: call.callee })),
      frames: subprogs.map(({ frame }) => frame),
    },
    subprogs,
    rewrites: rewritesOf(subprogs),
  };
}

/** A subprog's entries as bytes, jumps left open. */
interface Chunks extends Unsettled {
  readonly asm: Assembler;
  /** Offset of each entry's bytes in `asm`; one more at the end. */
  readonly starts: Int32Array;
  readonly forms: readonly (JumpForms | undefined)[];
  readonly calls: readonly PendingCall[];
  readonly callEntries: readonly number[];
}

/** What the subprogs of one program share. */
interface Compilation {
  readonly options: JitOptions;
  readonly target: Target;
  readonly out: Assembler;
  readonly sites: { pc: number; call: PendingCall }[];
}

function compileSubprog(
  program: Program,
  subprog: Subprog,
  depth: number,
  { options, target, out, sites }: Compilation,
): CompiledSubprog {
  const { entries, stackDepth } = target.rewrite(program.insns, subprog, depth);
  const frame = target.layOut(entries, stackDepth, subprog.outgoing);
  const chunks = lowerEntries(program, entries, frame, { options, target });
  const { addrs, passes } = target.settle(chunks, target.distance);
  const offset = out.length;
  out.raw(chunks.asm.bytes().subarray(0, chunks.prologueBytes));
  for (let i = 0; i < entries.length; i++) writeEntry(out, chunks, addrs, i, target);
  chunks.calls.forEach((call, k) => {
    const i = chunks.callEntries[k] as number;
    const end = offset + (addrs[i] as number) + call.end - (chunks.starts[i] as number);
    sites.push({ pc: (entries[i] as Entry).pc, call: { end, callee: call.callee } });
  });
  return {
    subprog,
    offset,
    prologueBytes: chunks.prologueBytes,
    frame,
    entries: entries.map((entry, i) => ({
      entry,
      offset: offset + (addrs[i] as number),
      length: (addrs[i + 1] as number) - (addrs[i] as number),
    })),
    passes,
  };
}

function lowerEntries(
  program: Program,
  entries: readonly Entry[],
  frame: Frame,
  { options, target }: Pick<Compilation, 'options' | 'target'>,
): Chunks {
  const count = entries.length;
  const asm = new Assembler(count * 8 + 64);
  const calls: PendingCall[] = [];
  const callEntries: number[] = [];
  const context: LowerContext = {
    asm,
    frame,
    bmi2: options.bmi2 ?? true,
    endbr: options.endbr ?? false,
    calls,
    jump: undefined,
  };
  target.prologue(context);
  const prologueBytes = asm.length;
  const starts = new Int32Array(count + 1);
  const fixed = new Int32Array(count);
  const jump = new Uint8Array(count);
  const targets = new Int32Array(count);
  const slots = new Uint8Array(count);
  const forms: (JumpForms | undefined)[] = new Array(count);
  let exit = -1;
  for (let i = 0; i < count; i++) {
    const { insn, pc, target: to } = entries[i] as Entry;
    starts[i] = asm.length;
    context.jump = undefined;
    if (insn.kind === 'exit') {
      target.lowerExit(context, exit < 0 ? 'first' : 'later');
      if (exit < 0) exit = i;
    } else if (insn.kind === 'call') {
      callEntries.push(i);
      target.lowerCall(context, calleeOf(program, pc, insn));
    } else target.lowerInsn(context, target.convention, insn, pc);
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
    count,
    prologueBytes,
    fixed,
    jump,
    target: targets,
    slots,
    epilogue: exit,
  };
}

function jumpKind(kind: string, forms: JumpForms | undefined): number {
  if (forms === undefined) return NO_JUMP;
  if (kind === 'exit') return EXIT_JUMP;
  return kind === 'jcc' ? COND_JUMP : GOTO_JUMP;
}

function calleeOf(program: Program, pc: number, insn: { target: string; imm: number }): CalleeRef {
  if (insn.target === 'helper' || insn.target === 'kfunc') return { kind: insn.target, id: insn.imm };
  return { kind: 'bpf', id: subprogAt(program, pc + 1 + insn.imm).index };
}

/** The entry's own bytes, then its jump: nops left by padding, then the form its distance wants. */
function writeEntry(out: Assembler, chunks: Chunks, addrs: Int32Array, i: number, target: Target): void {
  const start = chunks.starts[i] as number;
  out.raw(chunks.asm.bytes().subarray(start, chunks.starts[i + 1]));
  const kind = chunks.jump[i] as number;
  if (kind === NO_JUMP) return;
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

function align(out: Assembler): void {
  const gap = (ALIGN - (out.length % ALIGN)) % ALIGN;
  out.raw(new Uint8Array(gap).fill(FILL));
}

/** Fills in the displacement of every call. */
function link(
  program: Program,
  subprogs: readonly CompiledSubprog[],
  out: Assembler,
  base: bigint,
  calls: readonly PendingCall[],
  addressOf: (callee: CalleeRef) => bigint,
): void {
  for (const { end, callee } of calls) {
    const target =
      callee.kind === 'bpf'
        ? base + BigInt((subprogs[callee.id] as CompiledSubprog).offset)
        : addressOf(callee);
    const displacement = target - (base + BigInt(end));
    if (BigInt.asIntN(32, displacement) !== displacement) {
      const where = `${program.name}: call of ${calleeKey(callee)}`;
      throw badInput(
        'jit',
        where,
        `its address 0x${target.toString(16)} is out of reach of a call from the image`,
      );
    }
    out.patch32(end - 4, Number(displacement));
  }
}

/** Where callees lie by default. */
export function defaultAddresses(program: Program): (callee: CalleeRef) => bigint {
  const order = new Map([...program.callees.keys()].map((key, index) => [key, index]));
  return (callee) => CALLEE_BASE + BigInt(CALLEE_STRIDE * (order.get(calleeKey(callee)) ?? 0));
}

/** First native byte of each slot; the instructions a rewrite added belong to the slot they stem from. */
function pcMapOf(subprogs: readonly CompiledSubprog[]): (readonly [number, number])[] {
  const map: (readonly [number, number])[] = [];
  let last = -1;
  for (const { entries } of subprogs) {
    for (const { entry, offset } of entries) {
      if (entry.pc !== last) map.push([entry.pc, offset]);
      last = entry.pc;
    }
  }
  return map;
}

function rewritesOf(subprogs: readonly CompiledSubprog[]): RewriteNote[] {
  const notes: { pass: RewritePass; pc: number; insns: number }[] = [];
  for (const { entries } of subprogs) {
    for (const { entry } of entries) {
      if (entry.pass === undefined) continue;
      const last = notes.at(-1);
      if (last !== undefined && last.pc === entry.pc && last.pass === entry.pass) last.insns++;
      else notes.push({ pass: entry.pass, pc: entry.pc, insns: 1 });
    }
  }
  return notes;
}
