/** From a native address to the BPF instruction whose code it lies in, by the image's pc map. */
import type { Program } from '../bpf/program.ts';
import { type Execution, type Fault, isFaultVector } from '../core/execution.ts';
import type { Image } from '../core/image.ts';

/** Part of a subprog's code, or of the trampoline before the program. */
export type Stage = 'prologue' | 'insn' | 'call' | 'epilogue' | 'trampoline';

/** The place a divergence comes from. */
export interface Culprit {
  /** BPF slot; null in a prologue and in a trampoline. */
  readonly pc: number | null;
  /** Offset in the image, within the native instruction. */
  readonly offset: number;
  readonly stage: Stage;
  /** Subprog whose prologue it is, where a helper enters it. */
  readonly callee?: number;
  /**
   * How it went wrong, where that is not what the instruction is there for. `way`: it is no jump, but code went on
   * elsewhere; `bystander`: what it writes is right, but another register changed.
   */
  readonly wrong?: 'way' | 'bystander';
  /** Where the image has no pc map: how exact this is. `pc` is then the likeliest of the window. */
  readonly window?: Window;
}

/**
 * What bounds a window: `state`: registers and memory agreed before it; `store`: memory did, and calls; `call`:
 * calls and returns did; `exit`: nothing but the ends of the run is known.
 */
export type Precision = 'state' | 'store' | 'call' | 'exit';

/** Instructions among which the guilty one is, in the order the reference ran them. */
export interface Window {
  readonly precision: Precision;
  /** A subprog whose prologue may be to blame as well; null if none can. */
  readonly prologue: number | null;
  /** Slots of the first and the last one; null in the prologue of main. */
  readonly from: number | null;
  readonly to: number | null;
  /** All of them, each once. */
  readonly pcs: readonly number[];
  /** How many ran, each time counted. */
  readonly insns: number;
  /** Native code that ran meanwhile: offsets of its first instruction and of the one after it. */
  readonly offsets: { readonly from: number; readonly to: number };
}

/** Where the native side faulted, if it did so inside the image and the JIT has a pc map; else null. */
export function locate(program: Program, image: Image, got: Execution): Culprit | null {
  const offset = faultOffset(image, got);
  return offset === null ? null : locateOffset(program, image, offset);
}

/** Offset of the instruction the native side faulted at, if it did so inside the image. */
export function faultOffset(image: Image, { outcome }: Execution): number | null {
  if (outcome.kind !== 'fault' || outcome.rip === undefined) return null;
  const into = isAfter(outcome.fault) ? 1n : 0n;
  const offset = Number(outcome.rip - image.base - into);
  return offset < 0 || offset >= image.code.length ? null : offset;
}

/** Software interrupts and hlt are reported after their instruction: step back into it. */
const isAfter = (fault: Fault): boolean =>
  fault.kind === 'halt' || (fault.kind === 'interrupt' && !isFaultVector(fault.vector));

/** The BPF instruction an offset of the image belongs to; null if the JIT has no pc map. */
export function locateOffset(program: Program, image: Image, offset: number): Culprit | null {
  const { trampoline } = image;
  if (trampoline !== undefined && offset >= trampoline.start)
    return { pc: null, offset, stage: 'trampoline' };
  if (image.pcMap === undefined) return null;
  const entry = image.subprogEntries.filter((start) => start <= offset).reduce((a, b) => Math.max(a, b), -1);
  const row = image.pcMap.rowBefore(offset);
  if (row < 0 || image.pcMap.offsetOf(row) < entry) return { pc: null, offset, stage: 'prologue' };
  const pc = image.pcMap.pcOf(row);
  return { pc, offset, stage: stageOf(program, pc) };
}

/** The part of its subprog's code that an instruction becomes. */
export function stageOf(program: Pick<Program, 'insns'>, pc: number): Stage {
  const kind = program.insns[pc]?.kind;
  if (kind === 'call' || kind === 'callx') return 'call';
  return kind === 'exit' ? 'epilogue' : 'insn';
}
