/** The native code of each entry of a subprog, and where its jumps go. */
import { createRequire } from 'node:module';
import { CODE_BASE } from '../../src/core/layout.ts';
import type { CompiledSubprog } from '../../src/jit/compile.ts';
import type { Entry } from '../../src/jit/rewrite.ts';

const iced = createRequire(import.meta.url)('iced-x86') as typeof import('iced-x86');

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

/** Checks each jump of the image by what a disassembler says of its last instruction. */
export function misplaced(entries: readonly NativeEntry[], image: Uint8Array): string[] {
  const epilogue = entries.find(({ entry }) => entry.insn.kind === 'exit');
  return entries.flatMap(({ entry, offset, length }, i) => {
    const isExitJump = entry.insn.kind === 'exit' && entries[i] !== epilogue;
    if (entry.target < 0 && !isExitJump) return [];
    const want = isExitJump ? epilogue?.offset : entries[entry.target]?.offset;
    const decoder = new iced.Decoder(64, image.subarray(offset, offset + length), iced.DecoderOptions.None);
    decoder.ip = CODE_BASE + BigInt(offset);
    let last = CODE_BASE + BigInt(offset);
    while (decoder.canDecode) {
      const insn = decoder.decode();
      last = insn.isJccShortOrNear || insn.isJmpShortOrNear ? insn.nearBranchTarget : insn.nextIP;
      insn.free();
    }
    decoder.free();
    return Number(last - CODE_BASE) === want ? [] : [`entry ${i}: want ${want}, got ${last - CODE_BASE}`];
  });
}
