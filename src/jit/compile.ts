/**
 * BPF to x86-64: the whole program to an image. Each subprog is lowered once into chunks of bytes, one an entry;
 * then the lengths of its jumps settle (relax.ts); then chunks and jumps are written out and calls resolved.
 */

import { type ConventionName, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { type Program, type Subprog, subprogAt } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallSite, Fixup, Image } from '../core/image.ts';
import { CALLEE_BASE, CALLEE_STRIDE, CODE_BASE } from '../core/layout.ts';
import { PERCPU_BASE, PERCPU_BYTES } from '../core/percpu.ts';
import { Assembler } from '../x86/assembler.ts';
import type { Gpr } from '../x86/reg.ts';
import { type Chunks, lowerEntries, writeChunks } from './chunks.ts';
import type { Convention } from './convention/convention.ts';
import { Entries, type RewritePass } from './entries.ts';
import { throws } from './exceptions.ts';
import type { Frame } from './frame.ts';
import type { Hardening } from './hardening.ts';
import { accessesOf } from './linux-access.ts';
import { typedStackWords } from './lower/call.ts';
import { tailCallOffset } from './lower/tail-call.ts';
import { TAIL_CALL_BYTES } from './lower/tail-call-count.ts';
import { BPF_TO_GPR } from './regmap.ts';
import { type TailCallRole, tailCallRoles } from './tail-calls.ts';
import { TARGETS, type Target } from './target.ts';
import { linkRefs, type Ref } from './thunks.ts';
import { withTrampoline } from './trampoline/attach.ts';

export interface JitOptions extends Hardening {
  /** How arguments 6..12 travel. @defaultValue the program's */
  readonly convention?: ConventionName;
  /** Shift by register with shlx/shrx/sarx. @defaultValue true */
  readonly bmi2?: boolean;
  /** endbr64 where Linux has it with CONFIG_X86_KERNEL_IBT. @defaultValue false */
  readonly endbr?: boolean;
  /** BPF stacks outside of native frames, where Linux would have them so. @defaultValue false */
  readonly privateStack?: boolean;
  /** Address the image is linked for. @defaultValue CODE_BASE */
  readonly base?: bigint;
  /** Address of a helper or a kfunc. @defaultValue one slot of CALLEE_STRIDE bytes each from CALLEE_BASE, in the program's order */
  readonly calleeAddress?: (callee: CalleeRef) => bigint;
}

/** A subprog of the image. */
export interface CompiledSubprog {
  readonly subprog: Subprog;
  readonly offset: number;
  readonly prologueBytes: number;
  readonly frame: Frame;
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
const GAP = new Uint8Array(ALIGN).fill(FILL);

/** Kept from one compilation to the next: they grow to the largest program. The image is a copy. */
const OUT = new Assembler();
const ASM = new Assembler();
const ENTRIES = new Entries();

/** Compiles a program. Throws an `input` error for instructions outside what this JIT supports. */
export function compile(
  program: Program,
  options: JitOptions = {},
  target: Target = TARGETS[options.convention ?? program.convention],
): Compiled {
  const base = options.base ?? CODE_BASE;
  OUT.reset();
  const [out, asm] = [OUT, ASM];
  const depths = target.stackDepths(program);
  const sites: CallSite[] = [];
  const refs: Ref[] = [];
  const fixups: Fixup[] = [];
  const pcMap: [pc: number, offset: number][] = [];
  const rewrites: RewriteNote[] = [];
  const { arena: hasArena, percpu: usesPercpu } = accessesOf(program);
  const roles = tailCallRoles(program);
  const isBoundary = throws(program);
  const isPrivate = options.privateStack === true && !isBoundary;
  const fps = isPrivate ? target.privateStacks(program, depths, target.convention) : [];
  const shared = { options, target, hasArena, asm, out, sites, refs, fixups, pcMap, rewrites };
  const subprogs = program.subprogs.map((subprog) => {
    align(out);
    const depth = depths[subprog.index] as number;
    const tailCall = roles[subprog.index] as TailCallRole;
    const place = {
      ...{ depth, tailCall, privateFp: fps[subprog.index] },
      boundary: isBoundary && subprog.index === 0 ? target.exceptions.saved : undefined,
    };
    return compileSubprog(program, subprog, place, shared);
  });
  link(program, subprogs, out, base, sites, options.calleeAddress ?? defaultAddresses(program), target);
  const addressOf = (slot: number): bigint =>
    target.functionAddress(base, subprogs[subprogAt(program, slot).index] as CompiledSubprog);
  const offsets = subprogs.map(({ offset }) => offset);
  const thunks = linkRefs(out, refs, { base, programName: program.name, addressOf, offsets });
  const image: Image = {
    jit: 'builtin',
    code: out.copy(),
    base,
    entry: 0,
    subprogEntries: offsets,
    regs: BPF_TO_GPR,
    args: target.convention.places,
    pcMap,
    callSites: sites,
    ...(options.blinding === undefined ? {} : { isBlinded: true }),
    ...(thunks.length === 0 ? {} : { thunks }),
    ...(fixups.length === 0 ? {} : { fixups }),
    ...(options.callDepth === true || fps.some((fp) => fp !== undefined) || usesPercpu
      ? { memory: { address: PERCPU_BASE, bytes: PERCPU_BYTES } }
      : {}),
    ...(program.progArrays === undefined ? {} : { tailCallOffset: tailCallOffset(options.endbr ?? false) }),
    ...(isBoundary
      ? { exceptionStack: target.exceptions.stackOf((subprogs[0] as CompiledSubprog).frame) }
      : {}),
    frames: subprogs.map(({ frame }) => frame),
  };
  const { native } = program;
  const parts = { endbr: options.endbr ?? false, parts: target.trampoline };
  return {
    image: native === undefined ? image : withTrampoline(image, native, parts),
    subprogs,
    rewrites,
  };
}

/** What the subprogs of one program share. */
interface Compilation {
  readonly options: JitOptions;
  readonly target: Target;
  readonly hasArena: boolean;
  /** For one subprog at a time. */
  readonly asm: Assembler;
  readonly out: Assembler;
  readonly sites: CallSite[];
  readonly refs: Ref[];
  readonly fixups: Fixup[];
  readonly pcMap: [pc: number, offset: number][];
  readonly rewrites: RewriteNote[];
}

/** What is decided of a subprog before it is lowered. */
interface Place {
  /** Bytes of BPF stack, and where it ends if it is not in the frame. */
  readonly depth: number;
  readonly privateFp: bigint | undefined;
  readonly tailCall: TailCallRole;
  /** Registers that an exception boundary saves. */
  readonly boundary: readonly Gpr[] | undefined;
}

function compileSubprog(
  program: Program,
  subprog: Subprog,
  { depth, tailCall, privateFp, boundary }: Place,
  { options, target, hasArena, asm, out, sites, refs, fixups, pcMap, rewrites }: Compilation,
): CompiledSubprog {
  if (tailCall !== 'none') checkTailCalls(program, subprog, target.convention);
  const { bmi2 = true, endbr = false, blinding } = options;
  const { entries, stackDepth } = target.rewrite(program.insns, subprog, depth, ENTRIES);
  if (blinding !== undefined) target.blind(entries, blinding);
  if (privateFp !== undefined) renameFp(entries, target);
  const outgoing = outgoingArgs(program, subprog, target.convention);
  const frame = target.layOut(entries, privateFp === undefined ? stackDepth : 0, outgoing, {
    hasArena,
    ...(boundary === undefined ? {} : { boundary }),
    ...(tailCall === 'none' ? {} : { tailCallBytes: TAIL_CALL_BYTES }),
    ...(privateFp === undefined ? {} : { privateStack: { fp: privateFp, depth: stackDepth } }),
  });
  const { base = CODE_BASE } = options;
  const { saved, enter } = target.exceptions;
  const isCallback = subprog.index === program.exceptionCallback;
  const enterException = isCallback ? (into: Assembler) => enter(into, saved) : undefined;
  const lowering = { asm, target, base, bmi2, endbr, tailCall, enterException, hardening: options };
  const chunks = lowerEntries(program, subprog, entries, frame, lowering);
  const { addrs, passes } = target.settle(chunks, target.distance);
  const offset = out.length;
  writeChunks(out, chunks, addrs, target);
  // The addresses of the passes count from the start of the subprog.
  const starts = addrs;
  for (let i = 0; i <= entries.count; i++) starts[i] = (starts[i] as number) + offset;
  chunks.calls.forEach(({ end, callee }, k) => {
    const i = chunks.callEntries[k] as number;
    sites.push({ pc: entries.pcs[i] as number, returnOffset: placeOf(end, i, chunks, starts), callee });
  });
  chunks.refs.forEach((ref, k) => {
    refs.push({ ...ref, end: placeOf(ref.end, chunks.refEntries[k] as number, chunks, starts) });
  });
  chunks.faults.forEach(({ start, end, clear = null }, k) => {
    const i = chunks.faultEntries[k] as number;
    const place = { offset: placeOf(start, i, chunks, starts), resume: placeOf(end, i, chunks, starts) };
    fixups.push(target.fixup({ ...place, clear }));
  });
  addToMap(pcMap, entries, starts);
  if (entries.areRewritten) addNotes(rewrites, entries);
  return { subprog, offset, prologueBytes: chunks.prologueBytes, frame, passes };
}

function renameFp({ insns, count }: Entries, target: Target): void {
  for (let i = 0; i < count; i++) insns[i] = target.withPrivateFp(insns[i] as Insn);
}

/** Offset in the image of what stands in entry `i` before its jump. */
const placeOf = (at: number, i: number, chunks: Chunks, starts: Int32Array): number =>
  (starts[i] as number) + at - (chunks.starts[i] as number);

/** Stack arguments it makes room for, from the sixth on; C may want more words than BPF, where it leaves gaps. */
function outgoingArgs(program: Program, subprog: Subprog, { name, typedKfuncs }: Convention): number {
  const words = typedStackWords(program, subprog);
  if (words > 0 && !typedKfuncs) {
    const why = `${name} does not say how arguments of two words get to the stack; linux and zero do`;
    throw badInput('jit', `${program.name}: ${subprog.name}`, why);
  }
  return words === 0 ? subprog.outgoing : Math.max(subprog.outgoing, words + 1);
}

function checkTailCalls(
  program: Program,
  { index, name, args, outgoing }: Subprog,
  convention: Convention,
): void {
  if (program.callbacks?.includes(index) === true)
    throw badInput(
      'jit',
      `${program.name}: ${name}`,
      'cannot tail call within callback: its address is taken',
    );
  if (convention.tailCalls || (outgoing === 0 && args <= MAX_REG_ARGS)) return;
  const why = `tail_calls are not allowed in programs with stack args: it can reach one, under ${convention.name}`;
  throw badInput('jit', `${program.name}: ${name}`, `${why}; reply takes both`);
}

function align(out: Assembler): void {
  out.raw(GAP, 0, (ALIGN - (out.length % ALIGN)) % ALIGN);
}

/** Fills in the displacement of every call. */
function link(
  program: Program,
  subprogs: readonly CompiledSubprog[],
  out: Assembler,
  base: bigint,
  sites: readonly CallSite[],
  addressOf: (callee: CalleeRef) => bigint,
  { displacement: displacementTo }: Target,
): void {
  for (const { returnOffset: end, callee } of sites) {
    const target =
      callee.kind === 'bpf'
        ? base + BigInt((subprogs[callee.id] as CompiledSubprog).offset)
        : addressOf(callee);
    const displacement = displacementTo(target, base + BigInt(end));
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
  const order = new Map<string, number>();
  for (const key of program.callees.keys()) order.set(key, order.size);
  return (callee) => {
    const key = calleeKey(callee);
    const index = order.get(key);
    if (index === undefined) {
      const why = 'the program does not list this callee: make programs with buildProgram';
      throw badInput('jit', `${program.name}: call of ${key}`, why);
    }
    return CALLEE_BASE + BigInt(CALLEE_STRIDE * index);
  };
}

/** First native byte of each slot; the instructions a rewrite added belong to the slot they stem from. */
function addToMap(map: [pc: number, offset: number][], entries: Entries, starts: Int32Array): void {
  const { pcs, setup, count } = entries;
  let last = -1;
  for (let i = setup; i < count; i++) {
    const pc = pcs[i] as number;
    if (pc !== last) map.push([pc, starts[i] as number]);
    last = pc;
  }
}

function addNotes(notes: RewriteNote[], entries: Entries): void {
  let last: { pass: RewritePass; pc: number; insns: number } | undefined;
  for (let i = 0; i < entries.count; i++) {
    const pass = entries.passOf(i);
    const pc = entries.pcs[i] as number;
    if (pass === undefined) continue;
    if (last?.pc === pc && last.pass === pass) last.insns++;
    else {
      last = { pass, pc, insns: 1 };
      notes.push(last);
    }
  }
}
