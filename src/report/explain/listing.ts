/** BPF and native code side by side, as rows. */
import { type Program, subprogAt } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { type Piece, piecesOf } from '../../core/pieces.ts';
import type { Culprit } from '../../oracle/locate.ts';
import { isInTrampoline, trampolineStepText } from '../../oracle/native/locate.ts';
import { insnText } from '../insn-text.ts';
import { disassemblePiece } from '../native.ts';
import { visible } from '../visible.ts';
import { bytesText, calleeName } from '../words.ts';
import { guiltyPieces } from './guilty.ts';

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
  /** `native`: native code of which nobody says where it comes from; the rows of instructions then have none. */
  readonly kind: 'insn' | 'prologue' | 'thunk' | 'trampoline' | 'native';
  /** null but for `insn`. */
  readonly pc: number | null;
  readonly subprog: number;
  /** Of a trampoline the step. */
  readonly insn: string | null;
  readonly native: readonly NativeRow[];
  /** Whether it is at fault. */
  readonly guilty: boolean;
  /** Whether it may be at fault in the place of the guilty one: without a pc map that is the likeliest. */
  readonly suspect: boolean;
}

/** The whole program in the order of its native code; without a pc map BPF first, then native code. */
export function listingRows(program: Program, image: Image, culprit: Culprit | null): ListingRow[] {
  if (image.pcMap === undefined)
    return [...bpfRows(program, culprit), ...nativeParts(program, image, culprit)];
  const guilty = culprit === null ? [] : guiltyPieces(program, image, culprit);
  const isGuilty = (piece: Piece): boolean =>
    guilty.some(({ start, pc }) => start === piece.start && pc === piece.pc);
  return piecesOf(image)
    .map((piece) => pieceRow(program, image, piece, isGuilty(piece)))
    .filter(({ kind, native }) => kind === 'insn' || native.length > 0);
}

function pieceRow(program: Program, image: Image, piece: Piece, guilty: boolean): ListingRow {
  const { pc, start, thunk } = piece;
  const step = isInTrampoline(image, start) ? trampolineStepText(image, start) : (thunk ?? null);
  return {
    kind: thunk !== undefined ? 'thunk' : step !== null ? 'trampoline' : pc === null ? 'prologue' : 'insn',
    pc,
    subprog: pc === null ? subprogOf(image, piece.start) : subprogAt(program, pc).index,
    insn: pc === null ? step : insnText(program, pc),
    native: nativeRows(program, image, piece),
    guilty,
    suspect: false,
  };
}

const bpfRows = (program: Program, culprit: Culprit | null): ListingRow[] =>
  program.insns.flatMap((insn, pc): ListingRow[] => {
    if (insn === undefined) return [];
    const guilty = culprit?.pc === pc;
    return [
      {
        kind: 'insn',
        pc,
        subprog: subprogAt(program, pc).index,
        insn: insnText(program, pc),
        native: [],
        guilty,
        suspect: !guilty && culprit?.window?.pcs.includes(pc) === true,
      },
    ];
  });

/** Native code without a map, cut where the window that holds the culprit begins and ends. */
function nativeParts(program: Program, image: Image, culprit: Culprit | null): ListingRow[] {
  const window = culprit?.window?.offsets;
  const isIn = ({ offset }: NativeRow): boolean =>
    window !== undefined && offset >= window.from && offset < window.to;
  return piecesOf(image).flatMap((piece) => {
    const rows = nativeRows(program, image, piece);
    const from = rows.findIndex(isIn);
    const to = rows.findLastIndex(isIn) + 1;
    const parts = from < 0 ? [rows] : [rows.slice(0, from), rows.slice(from, to), rows.slice(to)];
    return parts
      .filter((native) => native.length > 0)
      .map((native): ListingRow => {
        const guilty = native.some(isIn);
        const subprog = subprogOf(image, piece.start);
        return { kind: 'native', pc: null, subprog, insn: null, native, guilty, suspect: false };
      });
  });
}

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
