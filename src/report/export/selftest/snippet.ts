/** Instructions to add to a program, from their text. */
import { assemble } from '../../../bpf/asm.ts';
import type { Item, Reference } from './items.ts';

/** One instruction a line, in LLVM's dialect; `address ll` stands for the address of `data`. */
export function snippet(text: string, data?: Reference): Item[] {
  const { insns } = assemble(text.replaceAll('address ll', '0 ll'), { dialect: 'llvm' });
  return insns.flatMap((insn): Item[] => {
    if (insn === undefined) return [];
    return insn.kind === 'lddw' && data !== undefined
      ? [{ kind: 'insn', insn, to: data }]
      : [{ kind: 'insn', insn }];
  });
}
