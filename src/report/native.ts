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

/** The native instructions of a piece. */
export function disassemblePiece(image: Image, { start, end }: Piece, syntax: Syntax): NativeInsn[] {
  return disassembleNative(image.code, { base: image.base, start, end, syntax, symbol: symbolOf(image) });
}

/** Names of addresses that calls and jumps go to: a subprog, a callee, or an offset in the image. */
function symbolOf(image: Image): (address: bigint) => string | undefined {
  return (address) => {
    const offset = Number(address - image.base);
    if (offset < 0 || offset >= image.code.length) return undefined;
    const subprog = image.subprogEntries.indexOf(offset);
    return subprog >= 0 ? `${hex(offset)} <subprog ${subprog}>` : hex(offset);
  };
}

/** The native instruction that holds an offset of the image. */
export function nativeText(image: Image, offset: number, syntax: Syntax = 'att'): string {
  const piece = pieceAt(image, offset);
  if (piece === undefined) return `image+${hex(offset)}`;
  const insns = disassemblePiece(image, piece, syntax);
  return insns.findLast((insn) => insn.offset <= offset)?.text ?? '(bad)';
}
