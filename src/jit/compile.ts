/**
 * BPF to x86-64: the whole program to an image. Each subprog is lowered once into chunks of bytes, one an entry;
 * then the lengths of its jumps settle (relax.ts); then chunks and jumps are written out and calls resolved.
 */

import { type ConventionName, MAX_REG_ARGS } from '../bpf/calling.ts';
import { type Program, type Subprog, subprogAt } from '../bpf/program.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallSite, Fixup, Image, ThunkPlace } from '../core/image.ts';
import { CODE_BASE } from '../core/layout.ts';
import type { Mutable } from '../core/mutable.ts';
import { PcMap } from '../core/pc-map.ts';
import { PERCPU_BASE, PERCPU_BYTES } from '../core/percpu.ts';
import { Assembler } from '../x86/assembler.ts';
import type { Gpr } from '../x86/reg.ts';
import { addNotes, addToMap, type RewriteNote } from './by-slot.ts';
import { type Chunks, entryBefore, lowerEntries, writeChunks } from './chunks.ts';
import type { Convention } from './convention/convention.ts';
import { Entries } from './entries.ts';
import { throws } from './exceptions.ts';
import type { Frame, FrameNeeds } from './frame.ts';
import type { Hardening, PendingRef } from './hardening.ts';
import { defaultAddressAt, defaultAddresses, linkCalls } from './link.ts';
import { type Accesses, accessesOf } from './linux-access.ts';
import { hasSignatures, typedStackWords } from './lower/call.ts';
import type { PendingCall, PendingFault } from './lower/context.ts';
import { tailCallOffset } from './lower/tail-call.ts';
import { TAIL_CALL_BYTES } from './lower/tail-call-count.ts';
import { Marks } from './marks.ts';
import { BPF_TO_GPR } from './regmap.ts';
import type { Rewritten } from './rewrite.ts';
import { type TailCallRole, tailCallRoles } from './tail-calls.ts';
import { TARGETS, type Target } from './target.ts';
import { linkRefs, type Ref } from './thunks.ts';
import { withTrampoline } from './trampoline/attach.ts';

export { defaultAddressAt, defaultAddresses };

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

export interface Compiled {
  readonly image: Image;
  readonly subprogs: readonly CompiledSubprog[];
  readonly rewrites: readonly RewriteNote[];
}

/** Subprogs start on multiples of this; the gap is filled with int3, as the kernel fills unused image bytes. */
const ALIGN = 16;
const FILL = 0xcc;

/** Kept from one compilation to the next: they grow to the largest program. The image is a copy. */
const OUT = new Assembler();
const ASM = new Assembler();
const ENTRIES = new Entries();
const MARKS = new Marks();

const NO_THUNKS: readonly ThunkPlace[] = [];

/** Compiles a program. Throws an `input` error for instructions outside what this JIT supports. */
export function compile(
  program: Program,
  options: JitOptions = {},
  target: Target = TARGETS[options.convention ?? program.convention],
): Compiled {
  const { base = CODE_BASE, endbr = false, calleeAddress: addressOf = defaultAddresses(program) } = options;
  const shared = compilationOf(program, options, target);
  const { out, sites, refs, rewrites } = shared;
  const subprogs = program.subprogs.map((subprog) => {
    align(out);
    return compileSubprog(program, subprog, shared);
  });
  const offsets = subprogs.map(({ offset }) => offset);
  linkCalls(program, out, sites, { base, offsets, addressOf }, target);
  const functionAt = (slot: number): bigint =>
    target.functionAddress(base, subprogs[subprogAt(program, slot).index] as CompiledSubprog);
  const thunks =
    refs.length === 0
      ? NO_THUNKS
      : linkRefs(out, refs, { base, programName: program.name, addressOf: functionAt, offsets });
  const image = imageOf(program, subprogs, offsets, shared);
  if (thunks.length > 0) image.thunks = thunks;
  const { native } = program;
  return {
    image: native === undefined ? image : withTrampoline(image, native, { endbr, parts: target.trampoline }),
    subprogs,
    rewrites,
  };
}

function imageOf(
  program: Program,
  subprogs: readonly CompiledSubprog[],
  subprogEntries: readonly number[],
  { options, target, out, sites, fixups, pcMap, accesses, boundary, privateFps }: Compilation,
): Mutable<Image> {
  const { base = CODE_BASE, endbr = false } = options;
  const image: Mutable<Image> = {
    jit: 'builtin',
    code: out.copy(),
    base,
    entry: 0,
    subprogEntries,
    regs: BPF_TO_GPR,
    args: target.convention.places,
    pcMap,
    callSites: sites,
    frames: subprogs.map(({ frame }) => frame),
  };
  if (options.blinding !== undefined) image.isBlinded = true;
  if (fixups.length > 0) image.fixups = fixups;
  if (options.callDepth === true || accesses.percpu || privateFps.some((fp) => fp !== undefined))
    image.memory = { address: PERCPU_BASE, bytes: PERCPU_BYTES };
  if (program.progArrays !== undefined) image.tailCallOffset = tailCallOffset(endbr);
  if (boundary !== undefined)
    image.exceptionStack = target.exceptions.stackOf((subprogs[0] as CompiledSubprog).frame);
  return image;
}

/** What the subprogs of one program share. */
interface Compilation {
  readonly options: JitOptions;
  readonly target: Target;
  readonly marks: Marks;
  /** By subprog: bytes of BPF stack, and where it ends if it is not in the frame. */
  readonly depths: readonly number[];
  readonly privateFps: readonly (bigint | undefined)[];
  readonly roles: readonly TailCallRole[];
  readonly accesses: Accesses;
  /** Some callee's arguments have types. */
  readonly isTyped: boolean;
  /** Registers that main saves as an exception boundary, if it is one. */
  readonly boundary: readonly Gpr[] | undefined;
  readonly out: Assembler;
  readonly sites: CallSite[];
  readonly refs: Ref[];
  readonly fixups: Fixup[];
  readonly pcMap: PcMap;
  readonly rewrites: RewriteNote[];
}

function compilationOf(program: Program, options: JitOptions, target: Target): Compilation {
  OUT.reset();
  const marks = MARKS.read(program.insns);
  const depths = target.stackDepths(program, marks);
  const boundary = throws(program) ? target.exceptions.saved : undefined;
  const isPrivate = options.privateStack === true && boundary === undefined;
  return {
    options,
    target,
    depths,
    privateFps: isPrivate ? target.privateStacks(program, depths, target.convention) : [],
    roles: tailCallRoles(program),
    marks,
    accesses: accessesOf(program, marks),
    isTyped: hasSignatures(program),
    boundary,
    out: OUT,
    sites: [],
    refs: [],
    fixups: [],
    pcMap: new PcMap(marks.insns),
    rewrites: [],
  };
}

function compileSubprog(program: Program, subprog: Subprog, shared: Compilation): CompiledSubprog {
  const { options, target, out, marks } = shared;
  const { index } = subprog;
  const tailCall = shared.roles[index] as TailCallRole;
  if (tailCall !== 'none') checkTailCalls(program, subprog, target.convention);
  const { base = CODE_BASE, bmi2 = true, endbr = false, blinding } = options;
  const fp = shared.privateFps[index];
  const depth = shared.depths[index] as number;
  const rewritten = target.rewrite(program.insns, subprog, depth, ENTRIES, marks);
  const { entries } = rewritten;
  if (blinding !== undefined) target.blind(entries, blinding);
  if (fp !== undefined) renameFp(entries, target);
  const frame = frameOf(program, subprog, rewritten, shared);
  const enterException = index === program.exceptionCallback ? entering(target) : undefined;
  const lowering = { asm: ASM, target, base, bmi2, endbr, tailCall, enterException, hardening: options };
  const chunks = lowerEntries(program, subprog, entries, frame, lowering);
  const { addrs, passes } = target.settle(chunks, target.distance);
  const offset = out.length;
  writeChunks(out, chunks, addrs, target);
  addPending(chunks, entries, { offset, addrs }, shared);
  addToMap(shared.pcMap, entries, addrs, offset);
  if (entries.areRewritten) addNotes(shared.rewrites, entries);
  return { subprog, offset, prologueBytes: chunks.starts[0] as number, frame, passes };
}

function frameOf(
  program: Program,
  subprog: Subprog,
  { entries, stackDepth }: Rewritten,
  { target, accesses, isTyped, boundary, roles, privateFps }: Compilation,
): Frame {
  const fp = privateFps[subprog.index];
  const needs: Mutable<FrameNeeds> = { hasArena: accesses.arena };
  if (boundary !== undefined && subprog.index === 0) needs.boundary = boundary;
  if (roles[subprog.index] !== 'none') needs.tailCallBytes = TAIL_CALL_BYTES;
  if (fp !== undefined) needs.privateStack = { fp, depth: stackDepth };
  const outgoing = isTyped ? outgoingArgs(program, subprog, target.convention) : subprog.outgoing;
  return target.layOut(entries, fp === undefined ? stackDepth : 0, outgoing, needs);
}

const entering =
  ({ exceptions: { enter, saved } }: Target) =>
  (asm: Assembler): void =>
    enter(asm, saved);

/** Calls, references and accesses that may fault of one subprog, by their places in the image. */
function addPending(
  chunks: Chunks,
  { pcs }: Entries,
  place: Place,
  { target, sites, refs, fixups }: Compilation,
): void {
  for (let k = 0; k < chunks.calls.length; k++) {
    const { end, callee } = chunks.calls[k] as PendingCall;
    const i = entryBefore(chunks, end);
    sites.push({ pc: pcs[i] as number, returnOffset: placeOf(end, i, chunks, place), callee });
  }
  for (let k = 0; k < chunks.refs.length; k++) {
    const { end, after, to } = chunks.refs[k] as PendingRef;
    refs.push({ end: placeOf(end, entryBefore(chunks, end), chunks, place), after, to });
  }
  for (let k = 0; k < chunks.faults.length; k++) {
    const { start, end, clear = null } = chunks.faults[k] as PendingFault;
    const i = entryBefore(chunks, end);
    const [offset, resume] = [placeOf(start, i, chunks, place), placeOf(end, i, chunks, place)];
    fixups.push(target.fixup({ offset, resume, clear }));
  }
}

/** Where the code of a subprog lies: its offset in the image, and by entry, those in it. */
interface Place {
  readonly offset: number;
  readonly addrs: Int32Array;
}

function renameFp(entries: Entries, target: Target): void {
  for (let i = 0; i < entries.count; i++) entries.replace(i, target.withPrivateFp(entries.insnAt(i)));
}

/** Offset in the image of what stands in entry `i` before its jump. */
const placeOf = (at: number, i: number, { starts }: Chunks, { offset, addrs }: Place): number =>
  offset + (addrs[i] as number) + at - (starts[i] as number);

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
  out.fill(FILL, (ALIGN - (out.length % ALIGN)) % ALIGN);
}
