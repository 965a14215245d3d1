/** The steps of a lock-step run as plain data, for viewers. */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { type FrameRole, type FrameRow, frameRows } from '../../oracle/frame-rows.ts';
import type { StepTrace } from '../../oracle/step-trace.ts';
import { gotText, wantText } from './cell-text.ts';
import { rowName } from './names.ts';

/** A row of a frame, without values. */
export interface JsonFrameRow {
  readonly name: string;
  readonly role: FrameRole['kind'];
  /** Offsets of its eight bytes from the frame pointer (`private-stack`: r10), and from the stack pointer while the body runs. */
  readonly fp: number;
  readonly sp: number;
}

/**
 * Before one BPF instruction. `changes`: the cells with another value than in the step before, each with the value
 * on the interpreter's and on the native side; in the first step all. Cells are `r0` … `r10`, `rsp`, `fp` (of the frame, where r10
 * is in another stack), `in6`, `out6`
 * (an argument in a native register), `@7ffe9a00eff0` (eight bytes of a stack frame at that address), `m0+16` (eight
 * bytes of region 0). Values are hex, `??` for a byte nobody may rely on; null: none of it.
 */
export interface JsonStep {
  readonly pc: number;
  readonly subprog: number;
  readonly depth: number;
  readonly offset: number;
  readonly changes: Readonly<Record<string, readonly [want: string | null, got: string | null]>>;
}

export interface JsonTrace {
  /** BPF instructions run before the first step. */
  readonly first: number;
  /** By subprog: rows from the highest address to the lowest; row `fp` of a step lies at cell `fp` + fp, or
   * where there is none, and for `private-stack`, at r10 + fp. */
  readonly frames: readonly (readonly JsonFrameRow[])[];
  /** Names of memory regions: m0 is the context, m1 the first data section. */
  readonly regions: readonly { readonly name: string; readonly size: number }[];
  readonly steps: readonly JsonStep[];
}

export function jsonTrace(
  { first, steps }: StepTrace,
  program: Program,
  image: Image,
  contextSize: number,
): JsonTrace {
  return {
    first,
    frames: program.subprogs.map(({ index }) => jsonFrame(program, image, index)),
    regions: [
      { name: 'context', size: contextSize },
      ...program.data.map(({ name, bytes }) => ({ name, size: bytes.length })),
    ],
    steps: steps.map(({ changes, ...step }) => ({
      ...step,
      changes: Object.fromEntries(
        [...changes].map(([cell, value]) => [cell, [wantText(value), gotText(value)] as const]),
      ),
    })),
  };
}

/** The rows of a subprog's frame. */
export function jsonFrame(program: Program, image: Image, subprog: number): JsonFrameRow[] {
  const bytes = image.frames?.[subprog]?.bytes ?? 0;
  return frameRows(program, image, subprog).map((row) => jsonRow(row, bytes, image));
}

const jsonRow = ({ role, fpOffset }: FrameRow, bytes: number, image: Image): JsonFrameRow => ({
  name: rowName(role, fpOffset, image),
  role: role.kind,
  fp: fpOffset,
  sp: fpOffset + bytes,
});
