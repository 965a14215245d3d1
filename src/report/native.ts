/** Which native code belongs to which BPF instruction. */
import type { Image } from '../core/image.ts';
import { hex } from '../core/u64.ts';
import { disassembleNative, type NativeInsn, type Syntax } from '../x86/disasm.ts';

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

/** The whole image, cut where a subprog or the code of a BPF instruction starts. Empty pieces are left out. */
export function piecesOf({ code, pcMap = [], subprogEntries }: Image): Piece[] {
  const pcs = new Map(pcMap.map(([pc, offset]) => [offset, pc]));
  const subprogs = new Map(subprogEntries.map((offset, index) => [offset, index]));
  const cuts = [...new Set([0, ...pcs.keys(), ...subprogs.keys()])].sort((a, b) => a - b);
  return cuts
    .map((start, i): Piece => {
      const end = cuts[i + 1] ?? code.length;
      return { pc: pcs.get(start) ?? null, subprog: subprogs.get(start) ?? null, start, end };
    })
    .filter(({ start, end }) => end > start);
}

/** The piece that holds an offset of the image. */
export const pieceAt = (image: Image, offset: number): Piece | undefined =>
  piecesOf(image).find(({ start, end }) => offset >= start && offset < end);

/** The native instructions of a piece. */
export function disassemblePiece(image: Image, { start, end }: Piece, syntax: Syntax): NativeInsn[] {
  return disassembleNative(image.code, { base: image.base, start, end, syntax });
}

/** The native instruction that holds an offset of the image. */
export function nativeText(image: Image, offset: number, syntax: Syntax = 'att'): string {
  const piece = pieceAt(image, offset);
  if (piece === undefined) return `image+${hex(offset)}`;
  const insns = disassemblePiece(image, piece, syntax);
  return insns.findLast((insn) => insn.offset <= offset)?.text ?? '(bad)';
}
