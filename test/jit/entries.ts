/** The native code of each entry of a subprog, and where its jumps go. */
import { createRequire } from 'node:module';
import type { Program } from '../../src/bpf/program.ts';
import { CODE_BASE } from '../../src/core/layout.ts';
import {
  type Compiled,
  type CompiledSubprog,
  compile as compileProgram,
  type JitOptions,
} from '../../src/jit/compile.ts';
import type { Entry } from '../../src/jit/entries.ts';
import { TARGETS } from '../../src/jit/target.ts';

const iced = createRequire(import.meta.url)('iced-x86') as typeof import('iced-x86');

export interface NativeEntry {
  readonly entry: Entry;
  /** Offset of its first byte in the image, and how many bytes it has. */
  readonly offset: number;
  readonly length: number;
}

const NOTED = new WeakMap<CompiledSubprog, { entries: readonly Entry[]; addrs: Int32Array }>();

/** As the JIT's own, with a note of the entries and of where they lie. */
export function compile(program: Program, options: JitOptions = {}): Compiled {
  const target = TARGETS[options.convention ?? program.convention];
  const entries: Entry[][] = [];
  const addrs: Int32Array[] = [];
  const compiled = compileProgram(program, options, {
    ...target,
    layOut(these, ...rest) {
      entries.push(these.list());
      return target.layOut(these, ...rest);
    },
    settle(code, ...rest) {
      const settled = target.settle(code, ...rest);
      addrs.push(settled.addrs.slice(0, code.count + 1));
      return settled;
    },
  });
  compiled.subprogs.forEach((subprog, i) => {
    NOTED.set(subprog, { entries: entries[i] as Entry[], addrs: addrs[i] as Int32Array });
  });
  return compiled;
}

/** Of a subprog that was compiled by the above. */
export function nativeEntries(subprog: CompiledSubprog): NativeEntry[] {
  const { entries, addrs } = NOTED.get(subprog) as NonNullable<ReturnType<typeof NOTED.get>>;
  return entries.map((entry, i) => ({
    entry,
    offset: subprog.offset + (addrs[i] as number),
    length: (addrs[i + 1] as number) - (addrs[i] as number),
  }));
}

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
