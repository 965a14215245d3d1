/** The native code of each entry of a subprog. */
import type { CompiledSubprog } from '../../src/jit/compile.ts';
import type { Entry } from '../../src/jit/rewrite.ts';

export interface NativeEntry {
  readonly entry: Entry;
  /** Offset of its first byte in the image, and how many bytes it has. */
  readonly offset: number;
  readonly length: number;
}

export const nativeEntries = ({ entries, starts }: CompiledSubprog): NativeEntry[] =>
  entries.map((entry, i) => ({
    entry,
    offset: starts[i] as number,
    length: (starts[i + 1] as number) - (starts[i] as number),
  }));
