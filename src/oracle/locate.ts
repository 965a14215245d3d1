/** From a native address to the BPF instruction whose code it lies in, by the image's pc map. */
import type { Program } from '../bpf/program.ts';
import { type Execution, type Fault, isFaultVector } from '../core/execution.ts';
import type { Image } from '../core/image.ts';

/** Part of a subprog's code. */
export type Stage = 'prologue' | 'insn' | 'call' | 'epilogue';

/** The place a divergence comes from. */
export interface Culprit {
  /** BPF slot; null in a prologue. */
  readonly pc: number | null;
  /** Offset in the image, within the native instruction. */
  readonly offset: number;
  readonly stage: Stage;
}

/** Where the native side faulted, if it did so inside the image and the JIT has a pc map; else null. */
export function locate(program: Program, image: Image, got: Execution): Culprit | null {
  const { outcome } = got;
  if (outcome.kind !== 'fault' || outcome.rip === undefined) return null;
  const into = isAfter(outcome.fault) ? 1n : 0n;
  const offset = Number(outcome.rip - image.base - into);
  return offset < 0 || offset >= image.code.length ? null : locateOffset(program, image, offset);
}

/** Software interrupts and hlt are reported after their instruction: step back into it. */
const isAfter = (fault: Fault): boolean =>
  fault.kind === 'halt' || (fault.kind === 'interrupt' && !isFaultVector(fault.vector));

/** The BPF instruction an offset of the image belongs to; null if the JIT has no pc map. */
export function locateOffset(program: Program, image: Image, offset: number): Culprit | null {
  if (image.pcMap === undefined) return null;
  const entry = image.subprogEntries.filter((start) => start <= offset).reduce((a, b) => Math.max(a, b), -1);
  const row = image.pcMap.filter(([, start]) => start <= offset && start >= entry).at(-1);
  if (row === undefined) return { pc: null, offset, stage: 'prologue' };
  const [pc] = row;
  return { pc, offset, stage: stageOf(program, pc) };
}

function stageOf(program: Program, pc: number): Stage {
  const kind = program.insns[pc]?.kind;
  if (kind === 'call' || kind === 'callx') return 'call';
  return kind === 'exit' ? 'epilogue' : 'insn';
}
