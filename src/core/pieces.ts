/** Where an image's bytes come from: which piece belongs to which BPF instruction. */
import type { Image } from './image.ts';
import type { Trampoline } from './native.ts';

/** A piece of an image with one origin. */
export interface Piece {
  /** BPF slot; null for a prologue, a thunk, a trampoline, or for all of an image without a pc map. */
  readonly pc: number | null;
  /** Subprog whose first byte this piece holds, if any. */
  readonly subprog: number | null;
  /** Offsets [start, end). */
  readonly start: number;
  readonly end: number;
  /** Name of the thunk it is. */
  readonly thunk?: string;
}

/**
 * The whole image, cut where a subprog or the code of a BPF instruction starts. An instruction that became
 * nothing (`goto +0`, `r1 = r1`) has an empty piece.
 */
export function piecesOf({ code, entry, pcMap, subprogEntries, thunks = [], trampoline }: Image): Piece[] {
  const cuts: Omit<Piece, 'end'>[] = [
    ...subprogEntries.map((start, subprog) => ({ start, subprog, pc: null })),
    ...[...(pcMap ?? [])].map(([pc, start]) => ({ start, subprog: null, pc })),
    ...thunks.map(({ name, offset }) => ({ start: offset, subprog: null, pc: null, thunk: name })),
    ...trampolineCuts(trampoline, entry).map((start) => ({ start, subprog: null, pc: null })),
  ].sort((a, b) => a.start - b.start);
  const first = cuts[0]?.start ?? code.length;
  if (first > 0) cuts.unshift({ start: 0, subprog: null, pc: null });
  return cuts.map((cut, i) => ({ ...cut, end: cuts[i + 1]?.start ?? code.length }));
}

/** What a trampoline calls, the function it is for, and each of its steps. */
function trampolineCuts(trampoline: Trampoline | undefined, entry: number): number[] {
  if (trampoline === undefined) return [];
  const { stubs, steps } = trampoline;
  const traced = stubs.has('original') ? [entry] : [];
  return [...stubs.values(), ...traced, ...steps.map(({ offset }) => offset)];
}

/** The piece that holds an offset of the image. */
export const pieceAt = (image: Image, offset: number): Piece | undefined =>
  piecesOf(image).find(({ start, end }) => offset >= start && offset < end);
