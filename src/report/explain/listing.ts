/** BPF and native code side by side, as rows. */
import { type Program, subprogAt } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { insnText } from '../insn-text.ts';
import { disassemblePiece, type Piece, piecesOf } from '../native.ts';
import { visible } from '../visible.ts';
import { bytesText, calleeName } from '../words.ts';

/** One native instruction. */
export interface NativeRow {
  readonly offset: number;
  /** Hex, two digits a byte. */
  readonly bytes: string;
  readonly att: string;
  readonly intel: string;
}

/** One BPF instruction, or a prologue, with its native code. */
export interface ListingRow {
  /** null: a prologue, or native code of which nobody says where it comes from. */
  readonly pc: number | null;
  readonly subprog: number;
  readonly insn: string | null;
  readonly native: readonly NativeRow[];
  /** Whether it is at fault. */
  readonly guilty: boolean;
}

/** The whole program in the order of its native code; without a pc map BPF first, then native code. */
export function listingRows(program: Program, image: Image, guilty: readonly Piece[]): ListingRow[] {
  const isGuilty = (piece: Piece): boolean =>
    guilty.some(({ start, pc }) => start === piece.start && pc === piece.pc);
  const native = piecesOf(image)
    .map((piece) => nativePieceRow(program, image, piece, isGuilty(piece)))
    .filter(({ pc, native: code }) => pc !== null || code.length > 0);
  return image.pcMap === undefined ? [...bpfRows(program), ...native] : native;
}

function nativePieceRow(program: Program, image: Image, piece: Piece, guilty: boolean): ListingRow {
  const { pc } = piece;
  const subprog = pc === null ? subprogOf(image, piece.start) : subprogAt(program, pc).index;
  return {
    pc,
    subprog,
    insn: pc === null ? null : insnText(program, pc),
    native: nativeRows(program, image, piece),
    guilty,
  };
}

const bpfRows = (program: Program): ListingRow[] =>
  program.insns.flatMap((insn, pc) =>
    insn === undefined
      ? []
      : [
          {
            pc,
            subprog: subprogAt(program, pc).index,
            insn: insnText(program, pc),
            native: [],
            guilty: false,
          },
        ],
  );

/** The last subprog that starts at or before an offset. */
function subprogOf({ subprogEntries }: Image, offset: number): number {
  const starts = subprogEntries
    .map((start, index) => ({ start, index }))
    .filter(({ start }) => start <= offset);
  return starts.sort((a, b) => b.start - a.start)[0]?.index ?? 0;
}

/** The instructions of a piece, without the int3s that fill up the space to the next subprog. */
export function nativeRows(program: Program, image: Image, piece: Piece): NativeRow[] {
  const intel = disassemblePiece(image, piece, 'intel');
  const rows = disassemblePiece(image, piece, 'att').map(({ offset, length, text }, i) => {
    const named = (insn: string): string => withCallee(insn, calleeAt(program, image, offset + length));
    const bytes = bytesText(image.code.subarray(offset, offset + length), '');
    return { offset, bytes, att: named(text), intel: named(intel[i]?.text ?? text) };
  });
  return rows.slice(0, rows.findLastIndex(({ att }) => att !== 'int3') + 1);
}

/** Who is called by the instruction that ends at an offset. */
function calleeAt(program: Program, { callSites = [] }: Image, end: number): string | undefined {
  const site = callSites.find(({ returnOffset }) => returnOffset === end);
  if (site === undefined) return undefined;
  return visible(calleeName(site.callee, { program, image: null }).replace(/^subprog /, ''));
}

/** `call 0x60 <f1>` */
const withCallee = (text: string, callee: string | undefined): string =>
  callee === undefined ? text : `${text.replace(/ <.*>$/, '')} <${callee}>`;
