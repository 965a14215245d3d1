/** Native code of an image as text, piece by piece. */
import type { Image } from '../core/image.ts';
import { type Piece, pieceAt } from '../core/pieces.ts';
import { hex } from '../core/u64.ts';
import { disassembleNative, type NativeInsn, type Syntax } from '../x86/disasm.ts';

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
    if (subprog >= 0) return `${hex(offset)} <subprog ${subprog}>`;
    const thunk = image.thunks?.find((each) => each.offset === offset)?.name;
    return thunk === undefined ? hex(offset) : `${hex(offset)} <${thunk}>`;
  };
}

/** The native instruction that holds an offset of the image. */
export function nativeText(image: Image, offset: number, syntax: Syntax = 'att'): string {
  const piece = pieceAt(image, offset);
  if (piece === undefined) return `image+${hex(offset)}`;
  const insns = disassemblePiece(image, piece, syntax);
  return insns.findLast((insn) => insn.offset <= offset)?.text ?? '(bad)';
}
