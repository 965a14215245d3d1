/** Where an image's bytes come from: which piece belongs to which BPF instruction. */
import type { Image } from './image.ts';

/** A piece of an image with one origin. */
export interface Piece {
  /** BPF slot; null for a prologue, or for all of an image without a pc map. */
  readonly pc: number | null;
  /** Subprog whose first byte this piece holds, if any. */
  readonly subprog: number | null;
  /** Offsets [start, end). */
  readonly start: number;
  readonly end: number;
}

/**
 * The whole image, cut where a subprog or the code of a BPF instruction starts. An instruction that became
 * nothing (`goto +0`, `r1 = r1`) has an empty piece.
 */
export function piecesOf({ code, pcMap = [], subprogEntries }: Image): Piece[] {
  const cuts: Omit<Piece, 'end'>[] = [
    ...subprogEntries.map((start, subprog) => ({ start, subprog, pc: null })),
    ...pcMap.map(([pc, start]) => ({ start, subprog: null, pc })),
  ].sort((a, b) => a.start - b.start);
  const first = cuts[0]?.start ?? code.length;
  if (first > 0) cuts.unshift({ start: 0, subprog: null, pc: null });
  return cuts.map((cut, i) => ({ ...cut, end: cuts[i + 1]?.start ?? code.length }));
}

/** The piece that holds an offset of the image. */
export const pieceAt = (image: Image, offset: number): Piece | undefined =>
  piecesOf(image).find(({ start, end }) => offset >= start && offset < end);
