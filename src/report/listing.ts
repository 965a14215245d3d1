/** A compiled program as text: each BPF instruction with the native code it became. */
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import { type Piece, piecesOf } from '../core/pieces.ts';
import { hex } from '../core/u64.ts';
import { isInTrampoline, trampolineStepText } from '../oracle/native/locate.ts';
import type { Syntax } from '../x86/disasm.ts';
import { insnText } from './insn-text.ts';
import { disassemblePiece } from './native.ts';
import { bytesText } from './words.ts';

/** Native bytes in the widest row: an instruction has at most 15 (SDM 2A §2.3.11), most have up to 10. */
const BYTES_WIDTH = 10 * 3 - 1;

/** What became of one instruction before the JIT saw it: `pass` made it so many instructions. */
export interface Rewrite {
  readonly pass: string;
  readonly pc: number;
  readonly insns: number;
}

export interface ListingOptions {
  readonly syntax: Syntax;
  /** Rewrites to name at their instructions. */
  readonly rewrites: readonly Rewrite[];
}

/** The whole image, in the order of its bytes. Native addresses are offsets in the image. */
export function listing(program: Program, image: Image, options: ListingOptions): string {
  const lines = piecesOf(image).flatMap((piece) => [
    ...headings(program, image, piece, options.rewrites),
    ...nativeLines(image, piece, options.syntax),
  ]);
  return `${lines.join('\n')}\n`;
}

function headings(
  program: Program,
  image: Image,
  { pc, subprog, start, thunk }: Piece,
  rewrites: readonly Rewrite[],
): string[] {
  const lines: string[] = [];
  if (subprog !== null)
    lines.push(...(subprog === 0 ? [] : ['']), `${program.subprogs[subprog]?.name ?? `subprog ${subprog}`}:`);
  if (pc !== null) {
    const rewritten = rewrites
      .filter((rewrite) => rewrite.pc === pc)
      .map(({ pass, insns }) => `  ; ${pass}: ${insns} ${insns === 1 ? 'insn' : 'insns'}`);
    lines.push(`  ${String(pc).padStart(4)}: ${insnText(program, pc)}${rewritten.join('')}`);
  }
  if (thunk !== undefined) lines.push(`  thunk: ${thunk}`);
  else if (pc === null && isInTrampoline(image, start))
    lines.push(`  trampoline: ${trampolineStepText(image, start)}`);
  else if (pc === null && image.pcMap !== undefined) lines.push('  prologue');
  return lines;
}

function nativeLines(image: Image, piece: Piece, syntax: Syntax): string[] {
  const insns = disassemblePiece(image, piece, syntax);
  const fill = insns.findLastIndex(({ text }) => text !== 'int3') + 1;
  return insns.slice(0, Math.max(fill, 1)).map(({ offset, length, text }) => {
    const bytes = bytesText(image.code.subarray(offset, offset + length), ' ');
    return `        ${hex(offset).padStart(8)}  ${bytes.padEnd(BYTES_WIDTH)}  ${text}`;
  });
}
