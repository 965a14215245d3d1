/** Which rows of a listing are shown when there is no room for all: those at fault, then their neighbours. */
import type { ListingRow } from './listing.ts';

/** Native instructions shown of a row at fault, of a prologue, and of any other row. */
const MAX_GUILTY = 14;
const MAX_PROLOGUE = 8;
const MAX_BESIDE = 3;

export interface Wanted {
  /** Slots that are to be seen even where they are not at fault. */
  readonly anchors: readonly number[];
  /** Most lines. */
  readonly height: number;
}

/** Native instructions of a row that are shown; the rest is counted on a line of its own. */
export function nativeShown({ guilty, kind, native }: ListingRow): number {
  const most = guilty ? MAX_GUILTY : kind === 'prologue' ? MAX_PROLOGUE : MAX_BESIDE;
  // A line that says "1 more" is no shorter than the one it hides.
  return native.length === most + 1 ? most + 1 : Math.min(native.length, most);
}

/** Indexes of rows, ascending. */
export function chooseRows(rows: readonly ListingRow[], { anchors, height }: Wanted): number[] {
  const firsts = rows.flatMap((row, i) => (isFirst(row, anchors) ? [i] : []));
  const shown = new Set(firsts);
  const addIfFits = (id: number): boolean => {
    if (shown.has(id)) return true;
    shown.add(id);
    if (heightOf(rows, shown) <= height) return true;
    shown.delete(id);
    return false;
  };
  for (const id of prologues(rows)) addIfFits(id);
  for (let distance = 1; distance < rows.length; distance++) {
    for (const first of firsts) {
      const beside = [first - distance, first + distance].filter((id) => isBeside(rows[first], rows[id]));
      if (!beside.every(addIfFits)) return [...shown].sort((a, b) => a - b);
    }
  }
  return [...shown].sort((a, b) => a - b);
}

const isFirst = ({ guilty, pc }: ListingRow, anchors: readonly number[]): boolean =>
  guilty || (pc !== null && anchors.includes(pc));

/** What an epilogue undoes is in the prologue. */
function prologues(rows: readonly ListingRow[]): number[] {
  const ends = new Set(
    rows.filter(({ guilty, insn }) => guilty && insn === 'exit').map(({ subprog }) => subprog),
  );
  return rows.flatMap(({ kind, subprog }, i) => (kind === 'prologue' && ends.has(subprog) ? [i] : []));
}

/** Whether a row is worth showing beside another: of the same function, and an instruction; or of a trampoline. */
function isBeside(first: ListingRow | undefined, row: ListingRow | undefined): boolean {
  if (first?.kind === 'trampoline' || row?.kind === 'trampoline') return first?.kind === row?.kind;
  return first?.kind !== 'native' && row?.kind === 'insn' && row.subprog === first?.subprog;
}

/** Lines of chosen rows, with one between those that are not neighbours or not of one function. */
function heightOf(rows: readonly ListingRow[], chosen: ReadonlySet<number>): number {
  let lines = 0;
  let last: number | undefined;
  for (const id of [...chosen].sort((a, b) => a - b)) {
    const row = rows[id];
    if (row === undefined) continue;
    if (
      last !== undefined &&
      (last !== id - 1 || rows[last]?.subprog !== row.subprog || row.kind === 'native')
    )
      lines++;
    const native = nativeShown(row);
    lines += Math.max(native + (row.native.length > native ? 1 : 0), 1);
    last = id;
  }
  return lines;
}
