/** The listings side by side around the culprit: BPF to the left, the native code it became to the right. */
import { hex } from '../../core/u64.ts';
import type { Syntax } from '../../x86/disasm.ts';
import type { ListingRow, NativeRow } from './listing.ts';
import { clip, type Line, type Span, span } from './spans.ts';
import { chooseRows, nativeShown, type Wanted } from './window.ts';

export interface ListingOptions extends Wanted {
  readonly width: number;
  readonly syntax: Syntax;
  /** Offset at which native code faulted. */
  readonly stopsAt: number | null;
}

const MARK = '> ';
/** Of the instructions of a window, all but the likeliest. */
const MAYBE = '? ';
const NO_MARK = '  ';
/** Between the columns. */
const GAP = '  ';
const MIN_BPF = 22;
/** Of the width, what BPF may take. */
const BPF_SHARE = 0.45;

export function listingLines(rows: readonly ListingRow[], options: ListingOptions): Line[] {
  const chosen = chooseRows(rows, options).flatMap((id) => {
    const row = rows[id];
    return row === undefined ? [] : [{ id, row }];
  });
  const longest = Math.max(MIN_BPF, ...chosen.map(({ row }) => bpfText(row).length));
  const left = Math.min(longest, Math.floor(options.width * BPF_SHARE));
  return chosen.flatMap(({ id, row }, i) => {
    const before = chosen[i - 1];
    const lines = rowLines(row, left, options);
    if (before === undefined) return lines;
    if (before.id !== id - 1) return [[span(`${NO_MARK}  ⋮`, 'dim')], ...lines];
    return before.row.subprog === row.subprog && before.row.kind !== 'native' && row.kind !== 'native'
      ? lines
      : [[], ...lines];
  });
}

function bpfText({ kind, pc, insn }: ListingRow): string {
  if (kind === 'insn') return `${String(pc).padStart(4)}: ${insn}`;
  if (kind === 'trampoline' || kind === 'thunk') return `      ${insn}`;
  return kind === 'prologue' ? '      prologue' : '      native code';
}

function rowLines(row: ListingRow, left: number, options: ListingOptions): Line[] {
  const { guilty, suspect, native } = row;
  const shown = nativeShown(row);
  const hidden = native.length - shown;
  const stop = native.findIndex(({ offset }) => offset === options.stopsAt);
  const from = Math.max(0, Math.min(stop - Math.floor(shown / 2), native.length - shown));
  const style = guilty ? 'guilty' : undefined;
  const mark = guilty ? MARK : suspect ? MAYBE : NO_MARK;
  const bpf = span(`${mark}${clip(bpfText(row), left).padEnd(left)}`, style);
  const blank = span(' '.repeat(mark.length + left));
  const right: Span[][] = [
    ...native
      .slice(from, from + shown)
      .map((insn) => [span(mark, style), ...nativeSpans(insn, guilty, options)]),
    ...(hidden === 0 ? [] : [[span(NO_MARK), span(`        … ${hidden} more`, 'dim')]]),
  ];
  if (right.length === 0) return [[bpf]];
  return right.map((spans, i): Line => [i === 0 ? bpf : blank, span(GAP), ...spans]);
}

function nativeSpans(insn: NativeRow, guilty: boolean, { syntax, stopsAt }: ListingOptions): Span[] {
  const text = span(`${hex(insn.offset).padStart(6)}  ${insn[syntax]}`, guilty ? 'guilty' : undefined);
  return insn.offset === stopsAt ? [text, span('   <- stops here', 'wrong')] : [text];
}
