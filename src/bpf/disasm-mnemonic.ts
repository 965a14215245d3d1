/**
 * The mnemonic dialect, in the spelling of bpf_conformance's disassembler (lib/src/bpf_disassembler.cc) with
 * decimal immediates. NON-SPEC: may_goto, ldacq*, strel* (see asm/mnemonic.ts).
 */
import { distance, wideValue } from './disasm-llvm.ts';
import type { AtomicInsn, CallInsn, Insn } from './insn.ts';
import { sizeRow } from './load-store.ts';

/** `label` names the target of a jump, call or address, where known. */
export function mnemonicText(insn: Insn, label: string | undefined): string {
  switch (insn.kind) {
    case 'alu': {
      const name = `${insn.op}${insn.width === 64 ? '' : '32'}`;
      return insn.op === 'neg' ? `${name} %r${insn.dst}` : `${name} %r${insn.dst}, ${source(insn)}`;
    }
    case 'movsx':
      return `movsx${insn.bits}${insn.width} %r${insn.dst}, %r${insn.src}`;
    case 'cast':
      return `cast_${insn.to} %r${insn.dst}, %r${insn.src}`;
    case 'swap':
      return `${insn.op === 'bswap' ? 'swap' : insn.op}${insn.bits} %r${insn.dst}`;
    case 'lddw': {
      const named = insn.imm >> 32n === 0n ? label : undefined;
      return `lddw %r${insn.dst}, ${insn.src === 0 ? `0x${insn.imm.toString(16)}` : (named ?? wideValue(insn))}`;
    }
    case 'ldx':
      return `ldx${insn.sign ? 's' : ''}${sizeRow(insn.size).name} %r${insn.dst}, ${place(insn.src, insn.off)}`;
    case 'stx':
      return `stx${sizeRow(insn.size).name} ${place(insn.dst, insn.off)}, %r${insn.src}`;
    case 'st':
      return `st${sizeRow(insn.size).name} ${place(insn.dst, insn.off)}, ${insn.imm}`;
    case 'atomic':
      return atomic(insn);
    case 'ld_abs':
      return `ldabs${sizeRow(insn.size).name} ${insn.imm}`;
    case 'ld_ind':
      return `ldind${sizeRow(insn.size).name} %r${insn.src}, ${insn.imm}`;
    case 'ja':
      return `${insn.width === 16 ? 'ja' : 'ja32'} ${label ?? distance(insn.off)}`;
    case 'jcc': {
      const name = `${insn.op}${insn.width === 64 ? '' : '32'}`;
      return `${name} %r${insn.dst}, ${source(insn)}, ${label ?? distance(insn.off)}`;
    }
    case 'may_goto':
      return `may_goto ${label ?? distance(insn.off)}`;
    case 'call':
      return call(insn, label);
    case 'callx':
      return `call %r${insn.dst}`;
    case 'exit':
      return 'exit';
  }
}

const source = (insn: { readonly source: 'K' | 'X'; readonly src: number; readonly imm: number }): string =>
  insn.source === 'X' ? `%r${insn.src}` : `${insn.imm}`;

const place = (base: number, off: number): string => `[%r${base}${off === 0 ? '' : distance(off)}]`;

function call({ target, imm, off }: CallInsn, label: string | undefined): string {
  switch (target) {
    case 'helper':
      return `call ${imm}`;
    case 'local':
      return `call local ${label ?? distance(imm)}`;
    case 'kfunc':
      return `call runtime ${imm}${off === 0 ? '' : `, ${off}`}`;
  }
}

function atomic({ op, size, dst, src, off }: AtomicInsn): string {
  if (op === 'load_acquire') return `ldacq${sizeRow(size).name} %r${dst}, ${place(src, off)}`;
  if (op === 'store_release') return `strel${sizeRow(size).name} ${place(dst, off)}, %r${src}`;
  return `lock ${op.replace('_', ' ')}${size === 8 ? '' : '32'} ${place(dst, off)}, %r${src}`;
}
