/** What the call tracker looks up while an image runs, made once for an image and its subject. */
import { badInput } from '../core/errors.ts';
import { type ArgPlace, type CallSite, FP_DEPTH, type Image, UNKNOWN_GPR } from '../core/image.ts';
import { progArrayBytes } from '../core/prog-array.ts';
import { toNumber, type U64 } from '../core/u64.ts';
import { CallTargets } from './call-targets.ts';
import { CALLBACK_STUB } from './callback-stub.ts';
import type { NativeData, NativeSubject } from './native-subject.ts';
import { type Exceptions, exceptionsOf } from './unwind.ts';

export interface ImageTables {
  /** The program's data, then what its program arrays are for this image. */
  readonly data: readonly NativeData[];
  /** Made when they are asked for: a recorded run needs none. */
  readonly targets: CallTargets;
  /** Addresses of those that are no callees. */
  readonly entries: readonly number[];
  readonly bpfArgs: readonly ArgPlace[];
  readonly nativeArgs: readonly ArgPlace[];
  /** GPR numbers of r6..r9, r10; UNKNOWN_GPR where the image does not say. */
  readonly frameRegs: readonly [number, number, number, number, number];
  /** GPR number of r0 when a subprog returns to another. */
  readonly resultReg: number;
  /** Whether subprogs keep psABI's promises to each other. */
  readonly keepsSubprogAbi: boolean;
  readonly callAlign: number;
  /** The exception table, by the address of what faults. */
  readonly fixups: ReadonlyMap<U64, { readonly resume: U64; readonly clear: number | null }>;
  /** Absent where nothing is thrown. */
  readonly exceptions: Exceptions | undefined;
  /** Slot of the call that returns to this address; null for none. */
  callPc(returnAddress: number): number | null;
  /** Arguments a subprog takes. */
  subprogArgs(subprog: number): number | undefined;
  /** Bytes from a return address down to the fp of its subprog. */
  fpDepth(subprog: number): number;
  /** Bytes of BPF stack of a subprog; undefined where the image does not say. */
  stackDepth(subprog: number): number | undefined;
  /** r10 of a subprog with a private stack. */
  privateFp(subprog: number): U64 | undefined;
}

/** Throws an `input` error for an image that names some registers and lacks others. */
export const imageTables = (image: Image, subject: NativeSubject): ImageTables => new Tables(image, subject);

/** So many calls are looked through faster than a map of them is made. */
const FEW_SITES = 32;

/** A class: an accessor in an object literal would cost each object a hidden class, which keeps the image alive. */
class Tables implements ImageTables {
  readonly #image: Image;
  readonly #subject: NativeSubject;
  readonly #base: number;
  #targets: Targets | undefined;
  #callPcs: ReadonlyMap<number, number> | undefined;
  readonly data: ImageTables['data'];
  readonly bpfArgs: ImageTables['bpfArgs'];
  readonly nativeArgs: ImageTables['nativeArgs'];
  readonly frameRegs: ImageTables['frameRegs'];
  readonly resultReg: number;
  readonly keepsSubprogAbi: boolean;
  readonly callAlign: number;
  readonly fixups: ImageTables['fixups'];
  readonly exceptions: ImageTables['exceptions'];

  constructor(image: Image, subject: NativeSubject) {
    const { args, regs, subprogAbi, callAlign = 8 } = image;
    this.#image = image;
    this.#subject = subject;
    this.#base = toNumber(image.base);
    this.data = dataOf(image, subject);
    this.bpfArgs = args.bpf;
    this.nativeArgs = args.native;
    this.frameRegs = frameRegsOf(image);
    this.resultReg = regs?.[0] ?? UNKNOWN_GPR;
    this.keepsSubprogAbi = subprogAbi !== 'own';
    this.callAlign = callAlign;
    this.fixups = fixupsOf(image);
    this.exceptions = exceptionsOf(image, subject);
  }

  get targets(): CallTargets {
    this.#targets ??= targetsOf(this.#image, this.#subject);
    return this.#targets.targets;
  }

  get entries(): readonly number[] {
    this.#targets ??= targetsOf(this.#image, this.#subject);
    return this.#targets.entries;
  }

  callPc(returnAddress: number): number | null {
    const { callSites } = this.#image;
    if (callSites === undefined) return null;
    const offset = returnAddress - this.#base;
    if (callSites.length > FEW_SITES) {
      this.#callPcs ??= new Map(callSites.map(({ pc, returnOffset }) => [returnOffset, pc]));
      return this.#callPcs.get(offset) ?? null;
    }
    for (let i = callSites.length - 1; i >= 0; i--) {
      const { pc, returnOffset } = callSites[i] as CallSite;
      if (returnOffset === offset) return pc;
    }
    return null;
  }

  subprogArgs(subprog: number): number | undefined {
    return this.#subject.subprogs[subprog]?.args;
  }

  fpDepth(subprog: number): number {
    return this.#image.frames?.[subprog]?.fpDepth ?? FP_DEPTH;
  }

  stackDepth(subprog: number): number | undefined {
    const frame = this.#image.frames?.[subprog];
    return frame?.privateStack?.depth ?? frame?.stackDepth;
  }

  privateFp(subprog: number): U64 | undefined {
    return this.#image.frames?.[subprog]?.privateStack?.fp;
  }
}

/** Throws an `input` error for an image that does not say where tail calls enter. */
function targetsOf(image: Image, subject: NativeSubject): Targets {
  const base = toNumber(image.base);
  const targets = new CallTargets();
  const { subprogEntries } = image;
  for (let subprog = 0; subprog < subprogEntries.length; subprog++) {
    const kind = subprog === subject.exceptionCallback ? 'exception' : 'subprog';
    targets.add(base + (subprogEntries[subprog] as number), { kind, subprog });
  }
  for (const subprog of programsOf(subject))
    targets.add(base + tailCallEntry(image, subprog), { kind: 'program', subprog });
  for (const [at, offset] of image.trampoline?.stubs ?? [])
    targets.add(base + offset, { kind: 'native', at });
  if (subject.callees.some(({ callsBack }) => callsBack === true)) {
    targets.add(CALLBACK_STUB.next, { kind: 'callback', at: 'next' });
    targets.add(CALLBACK_STUB.done, { kind: 'callback', at: 'done' });
  }
  const entries = targets.addresses.slice();
  for (const callee of subject.callees) targets.add(toNumber(callee.address), { kind: 'callee', callee });
  return { targets, entries };
}

interface Targets {
  readonly targets: CallTargets;
  readonly entries: readonly number[];
}

const NO_FIXUPS: ImageTables['fixups'] = new Map();
const fixupsOf = ({ base, fixups }: Image): ImageTables['fixups'] =>
  fixups === undefined || fixups.length === 0
    ? NO_FIXUPS
    : new Map(
        fixups.map(({ offset, resume, clear }) => [
          base + BigInt(offset),
          { resume: base + BigInt(resume), clear },
        ]),
      );

const NO_PROGRAMS: ReadonlySet<number> = new Set();
/** Subprogs that tail calls may enter. */
export const programsOf = ({ progArrays }: NativeSubject): ReadonlySet<number> =>
  progArrays === undefined
    ? NO_PROGRAMS
    : new Set(progArrays.flatMap(({ programs }) => programs.filter((subprog) => subprog !== null)));

/** Offset in the image. Throws an `input` error for an image that does not say. */
export function tailCallEntry({ jit, subprogEntries, tailCallOffset }: Image, subprog: number): number {
  const entry = subprogEntries[subprog];
  if (entry === undefined || tailCallOffset === undefined)
    throw badInput('run image', `image of ${jit}`, 'it does not say where tail calls enter a program');
  return entry + tailCallOffset;
}

function dataOf({ base, subprogEntries }: Image, { data, progArrays }: NativeSubject): readonly NativeData[] {
  if (progArrays === undefined) return data;
  const entryOf = (subprog: number): bigint => base + BigInt(subprogEntries[subprog] ?? 0);
  const arrays = progArrays.map(({ address, programs }) => ({
    address,
    bytes: progArrayBytes(address, programs, entryOf),
    writable: false,
  }));
  return [...data, ...arrays];
}

function frameRegsOf({ regs, jit }: Image): ImageTables['frameRegs'] {
  if (regs === undefined) return [UNKNOWN_GPR, UNKNOWN_GPR, UNKNOWN_GPR, UNKNOWN_GPR, UNKNOWN_GPR];
  const [r6, r7, r8, r9, r10] = regs.slice(6);
  if (r6 === undefined || r7 === undefined || r8 === undefined || r9 === undefined || r10 === undefined) {
    throw badInput(
      'run image',
      `image of ${jit}`,
      `regs must name a GPR for each of r0..r10, not ${regs.length}`,
    );
  }
  return [r6, r7, r8, r9, r10];
}
