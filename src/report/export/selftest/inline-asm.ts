/** Instructions as lines of a kernel selftest's inline assembly. */
import { llvmText } from '../../../bpf/disasm-llvm.ts';
import { encode } from '../../../bpf/encode.ts';
import type { Insn } from '../../../bpf/insn.ts';
import { calleeKey } from '../../../core/env.ts';
import { commentText } from '../c-text.ts';
import type { Item } from './items.ts';
import type { Names } from './names.ts';

/** Lines of C: a string each, or a comment. */
export function asmLine(item: Item, names: Names): string {
  switch (item.kind) {
    case 'label':
      return `\t"${labelOf(item.label)}:"`;
    case 'comment':
      return `\t/* ${commentText(item.text)} */`;
    case 'insn':
      return insnLine(item, names);
  }
}

/** `%=` is a number of its own for each copy of the assembly that the compiler makes. */
const labelOf = (label: number): string => `l${label}_%=`;

function insnLine({ insn, to }: Extract<Item, { kind: 'insn' }>, names: Names): string {
  if (isAcquireOrRelease(insn)) return rawLine(insn);
  if (to?.kind === 'data' && insn.kind === 'lddw') {
    const offset = to.offset === 0 ? '' : ` + ${to.offset}`;
    return `\t"r${insn.dst} = ${names.data[to.section]}${offset} ll;"`;
  }
  const kfunc =
    insn.kind === 'call' && insn.target === 'kfunc'
      ? names.kfuncs.get(calleeKey({ kind: 'kfunc', id: insn.imm }))
      : undefined;
  const label =
    to?.kind === 'label' ? LABEL : to?.kind === 'function' ? names.functions[to.index] : undefined;
  const text = llvmText(insn, { label, kfunc: kfunc && KFUNC });
  // A percent sign begins an operand.
  const escaped = text.replaceAll('%', '%%');
  const named = escaped
    .replace(LABEL, to?.kind === 'label' ? labelOf(to.label) : '')
    .replace(/call KFUNC.*/, `call %[${kfunc}]`);
  return `\t"${named};"`;
}

const LABEL = 'LABEL';
const KFUNC = 'KFUNC';

/** Clang 19 cannot assemble these; in newer ones they have changed their spelling. */
const isAcquireOrRelease = (insn: Insn): boolean =>
  insn.kind === 'atomic' && (insn.op === 'load_acquire' || insn.op === 'store_release');

function rawLine(insn: Insn): string {
  const bytes = encode([insn]);
  const word = new DataView(bytes.buffer).getBigUint64(0, true);
  const text = llvmText(insn, { label: undefined, kfunc: undefined });
  return `\t".8byte 0x${word.toString(16).padStart(16, '0')};" /* ${commentText(text)} */`;
}
