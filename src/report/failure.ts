/** One divergence in at most 40 lines: what differs, then the place, in BPF and in native code. */
import { subprogAt } from '../bpf/program.ts';
import { pieceAt, piecesOf } from '../core/pieces.ts';
import { hex } from '../core/u64.ts';
import type { CaseResult } from '../oracle/case.ts';
import { insnText } from './insn-text.ts';
import { disassemblePiece } from './native.ts';
import { table } from './table.ts';
import { fieldName, observedText, windowText } from './words.ts';

/** Rows of differing fields; the rest is counted. */
const MAX_ROWS = 16;
/** BPF instructions shown before and after the one in question. */
const CONTEXT = 2;
/** Native instructions shown of one BPF instruction. */
const MAX_NATIVE = 12;

/** The block without indentation. */
export function failureBlock(result: CaseResult): string[] {
  return [...differences(result), ...precision(result), ...place(result)];
}

function differences(result: CaseResult): string[] {
  const { divergences, divergenceCount } = result;
  const shown = divergences.slice(0, MAX_ROWS);
  const rows = shown.map(({ subject, want, got }) => [
    fieldName(subject, result),
    observedText(want, result),
    observedText(got, result),
  ]);
  const more = divergenceCount - shown.length;
  return [...table([['what', 'want', 'got'], ...rows]), ...(more === 0 ? [] : [`… and ${more} more`])];
}

/** How exactly the place below is known, where that is not to the instruction. */
function precision(result: CaseResult): string[] {
  const window = result.culprit?.window;
  return window === undefined ? [] : ['', windowText(window, result)];
}

/** The instruction at fault, or else the one where the first difference shows, with its neighbours. */
function place(result: CaseResult): string[] {
  const { program, image, culprit, divergences } = result;
  if (program === null || image === null) return [];
  const pc = culprit === null ? (divergences.find((d) => d.pc !== null)?.pc ?? null) : culprit.pc;
  if (pc === null) return culprit === null ? [] : nativeLines(result, culprit.offset, culprit.offset);
  const lines: string[] = [''];
  const { start, end } = subprogAt(program, pc);
  for (let at = Math.max(start, pc - CONTEXT); at <= Math.min(pc + CONTEXT, end - 1); at++) {
    if (program.insns[at] === undefined) continue;
    lines.push(`${at === pc ? '>' : ' '}${String(at).padStart(6)}: ${insnText(program, at)}`);
    if (at !== pc) continue;
    const native = culprit?.offset ?? piecesOf(image).find((piece) => piece.pc === pc)?.start;
    if (native !== undefined) lines.push(...nativeLines(result, native, culprit?.offset));
  }
  return lines;
}

/** Native code around an offset; `guilty` marks the instruction that holds it. */
function nativeLines({ image }: CaseResult, offset: number, guilty?: number): string[] {
  const piece = image === null ? undefined : pieceAt(image, offset);
  if (image === null || piece === undefined) return [];
  const insns = disassemblePiece(image, piece, 'att');
  const at = Math.max(
    0,
    insns.findLastIndex((insn) => insn.offset <= offset),
  );
  const first = Math.max(0, Math.min(at - MAX_NATIVE / 2, insns.length - MAX_NATIVE));
  return insns.slice(first, first + MAX_NATIVE).map((insn, i) => {
    const mark = guilty !== undefined && first + i === at ? '>' : ' ';
    return `${mark}        ${hex(insn.offset).padStart(8)}  ${insn.text}`;
  });
}
