/** What the call tracker looks up while an image runs, made once for an image and its subject. */
import { badInput } from '../core/errors.ts';
import { type ArgPlace, FP_DEPTH, type Image, UNKNOWN_GPR } from '../core/image.ts';
import type { NativePlace } from '../core/native.ts';
import { progArrayBytes } from '../core/prog-array.ts';
import type { U64 } from '../core/u64.ts';
import { CALLBACK_STUB } from './callback-stub.ts';
import type { NativeCallee, NativeData, NativeSubject } from './native-subject.ts';
import { type Exceptions, exceptionsOf } from './unwind.ts';

/** What lies at a watched address. */
export type CallTarget =
  | { readonly kind: 'subprog'; readonly subprog: number }
  /** Where tail calls enter a program. */
  | { readonly kind: 'program'; readonly subprog: number }
  | { readonly kind: 'callee'; readonly callee: NativeCallee }
  /** In the code of a helper that calls back. */
  | { readonly kind: 'callback'; readonly at: 'next' | 'done' }
  /** The exception callback. */
  | { readonly kind: 'exception'; readonly subprog: number }
  /** A function that a trampoline calls. */
  | { readonly kind: 'native'; readonly at: NativePlace };

export interface ImageTables {
  /** The program's data, then what its program arrays are for this image. */
  readonly data: readonly NativeData[];
  /** By address; made when it is asked for: a recorded run needs none. */
  readonly targets: ReadonlyMap<number, CallTarget>;
  /** Slot of the call by its return address. */
  readonly callPcs: ReadonlyMap<number, number>;
  readonly subprogArgs: readonly number[];
  readonly bpfArgs: readonly ArgPlace[];
  readonly nativeArgs: readonly ArgPlace[];
  /** GPR numbers of r6..r9, r10; UNKNOWN_GPR where the image does not say. */
  readonly frameRegs: readonly [number, number, number, number, number];
  /** GPR number of r0 when a subprog returns to another. */
  readonly resultReg: number;
  /** Bytes from a return address down to the fp of its subprog, by subprog. */
  readonly fpDepths: readonly number[];
  /** Whether subprogs keep psABI's promises to each other. */
  readonly keepsSubprogAbi: boolean;
  readonly callAlign: number;
  /** The exception table, by the address of what faults. */
  readonly fixups: ReadonlyMap<U64, { readonly resume: U64; readonly clear: number | null }>;
  /** Bytes of BPF stack by subprog; absent where the image does not say. */
  readonly stackDepths: readonly number[] | undefined;
  /** r10 of subprogs with a private stack. */
  readonly privateFps: readonly (bigint | undefined)[];
  /** Absent where nothing is thrown. */
  readonly exceptions: Exceptions | undefined;
}

/** Throws an `input` error for an image that names some registers and lacks others. */
export const imageTables = (image: Image, subject: NativeSubject): ImageTables => new Tables(image, subject);

/** A class: an accessor in an object literal would cost each object a hidden class, which keeps the image alive. */
class Tables implements ImageTables {
  readonly #image: Image;
  readonly #subject: NativeSubject;
  #targets: ReadonlyMap<number, CallTarget> | undefined;
  readonly data: ImageTables['data'];
  readonly callPcs: ImageTables['callPcs'];
  readonly subprogArgs: ImageTables['subprogArgs'];
  readonly bpfArgs: ImageTables['bpfArgs'];
  readonly nativeArgs: ImageTables['nativeArgs'];
  readonly frameRegs: ImageTables['frameRegs'];
  readonly resultReg: number;
  readonly fpDepths: ImageTables['fpDepths'];
  readonly keepsSubprogAbi: boolean;
  readonly callAlign: number;
  readonly fixups: ImageTables['fixups'];
  readonly stackDepths: ImageTables['stackDepths'];
  readonly privateFps: ImageTables['privateFps'];
  readonly exceptions: ImageTables['exceptions'];

  constructor(image: Image, subject: NativeSubject) {
    const base = Number(image.base);
    const { args, callSites, regs, frames, subprogAbi, callAlign = 8 } = image;
    this.#image = image;
    this.#subject = subject;
    this.data = dataOf(image, subject);
    this.callPcs = callPcsOf(base, callSites);
    this.subprogArgs = subject.subprogs.map((subprog) => subprog.args);
    this.bpfArgs = args.bpf;
    this.nativeArgs = args.native;
    this.frameRegs = frameRegsOf(image);
    this.resultReg = regs?.[0] ?? UNKNOWN_GPR;
    this.fpDepths = subject.subprogs.map((_, i) => frames?.[i]?.fpDepth ?? FP_DEPTH);
    this.keepsSubprogAbi = subprogAbi !== 'own';
    this.callAlign = callAlign;
    this.fixups = fixupsOf(image);
    this.stackDepths = frames?.map(({ stackDepth, privateStack }) => privateStack?.depth ?? stackDepth);
    this.privateFps = (frames ?? []).map(({ privateStack }) => privateStack?.fp);
    this.exceptions = exceptionsOf(image, subject);
  }

  get targets(): ReadonlyMap<number, CallTarget> {
    this.#targets ??= targetsOf(this.#image, this.#subject);
    return this.#targets;
  }
}

/** Throws an `input` error for an image that does not say where tail calls enter. */
function targetsOf(image: Image, subject: NativeSubject): Map<number, CallTarget> {
  const base = Number(image.base);
  const targets = new Map<number, CallTarget>();
  image.subprogEntries.forEach((offset, subprog) => {
    const kind = subprog === subject.exceptionCallback ? 'exception' : 'subprog';
    targets.set(base + offset, { kind, subprog });
  });
  for (const subprog of programsOf(subject)) {
    targets.set(base + tailCallEntry(image, subprog), { kind: 'program', subprog });
  }
  for (const [at, offset] of image.trampoline?.stubs ?? [])
    targets.set(base + offset, { kind: 'native', at });
  for (const callee of subject.callees) targets.set(Number(callee.address), { kind: 'callee', callee });
  if (subject.callees.some(({ callsBack }) => callsBack === true)) {
    targets.set(CALLBACK_STUB.next, { kind: 'callback', at: 'next' });
    targets.set(CALLBACK_STUB.done, { kind: 'callback', at: 'done' });
  }
  return targets;
}

function callPcsOf(base: number, callSites: Image['callSites']): Map<number, number> {
  const pcs = new Map<number, number>();
  for (const { pc, returnOffset } of callSites ?? []) pcs.set(base + returnOffset, pc);
  return pcs;
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
