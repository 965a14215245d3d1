/** A listing as lines of equal height: an instruction has as many as it became native ones, and at least one. */
import type { PageListing, PageNative } from '../page-data.ts';

export interface ListingLine {
  /** Index of the piece. */
  readonly piece: number;
  /** BPF slot of the piece; null in a prologue. */
  readonly pc: number | null;
  /** A function's name, which has a line of its own. */
  readonly name?: string;
  /** The BPF instruction, on the first line of its piece. */
  readonly insn?: string;
  readonly native?: PageNative;
  readonly guilty: boolean;
}

export function linesOf(listing: PageListing): ListingLine[] {
  return listing.flatMap(({ name, pc, insn, native, guilty }, piece) => {
    const head: ListingLine[] = name === undefined ? [] : [{ piece, pc: null, name, guilty: false }];
    const [first, ...rest] = native;
    return [
      ...head,
      { piece, pc, insn, guilty, ...(first === undefined ? {} : { native: first }) },
      ...rest.map((each): ListingLine => ({ piece, pc, guilty, native: each })),
    ];
  });
}

/** Characters of the longest BPF and of the longest native instruction, in any syntax. */
export function widthsOf(lines: readonly ListingLine[]): { readonly insn: number; readonly native: number } {
  let [insn, native] = [0, 0];
  for (const line of lines) {
    insn = Math.max(insn, line.insn?.length ?? 0);
    native = Math.max(native, line.native?.[1].length ?? 0, line.native?.[2].length ?? 0);
  }
  return { insn, native };
}
