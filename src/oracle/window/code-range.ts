/** Which part of an image is a subprog's code: JITs write subprogs one after the other. */
import type { Image } from '../../core/image.ts';

export interface CodeRange {
  readonly from: number;
  /** Offset of the first byte after it. */
  readonly to: number;
}

/** From its entry to the next one. */
export function codeOf({ subprogEntries, code }: Image, subprog: number): CodeRange {
  const from = subprogEntries[subprog] ?? 0;
  const to = subprogEntries.filter((entry) => entry > from).reduce((a, b) => Math.min(a, b), code.length);
  return { from, to };
}
