/**
 * Loads and stores: RFC 9669 §5.1, §5.2, §5.4; and Linux's stack arguments, which are loads and stores
 * through a base register of their own (bpf/calling.ts).
 */
import { isStackArgBase, stackArgSlot } from '../bpf/calling.ts';
import type { LddwInsn, LdxInsn, StInsn, StxInsn } from '../bpf/insn.ts';
import { LDDW_SRC } from '../bpf/load-store.ts';
import { subprogAt, targetOf } from '../bpf/program.ts';
import type { Outcome, Word } from '../core/execution.ts';
import { fromS32, signExtend } from '../core/u64.ts';
import type { Machine } from './machine.ts';

/**
 * RFC 9669 §5.4: dst = imm64; dst = code_addr(imm), where the function lies natively. The other kinds are for a loader
 * to resolve.
 */
export function lddw(m: Machine, insn: LddwInsn): Outcome | undefined {
  m.next++;
  if (insn.src === 0) return m.write(insn.dst, insn.imm);
  const target = targetOf(m.pc, insn);
  if (target !== undefined) return m.write(insn.dst, m.entryOf(subprogAt(m.program, target).index));
  return m.unsupported(`lddw ${LDDW_SRC[insn.src] ?? insn.src}`);
}

/** Modes MEM and MEMSX. */
export function ldx(m: Machine, insn: LdxInsn): Outcome | undefined {
  return isStackArgBase(insn.src) ? loadStackArg(m, insn) : load(m, insn, insn.sign ? 'signed' : 'unsigned');
}

/** *(size *) (dst + offset) = src */
export function stx(m: Machine, insn: StxInsn): Outcome | undefined {
  const word = m.regs.word(insn.src);
  return isStackArgBase(insn.dst) ? storeStackArg(m, insn, word) : store(m, insn, word);
}

/** *(size *) (dst + offset) = imm. KERNEL: imm is sign-extended to 64 bits. */
export function st(m: Machine, insn: StInsn): Outcome | undefined {
  const word = fromS32(insn.imm);
  return isStackArgBase(insn.dst) ? storeStackArg(m, insn, word) : store(m, insn, word);
}

/**
 * dst = *(unsigned size *) (src + offset)
 * dst = *(signed size *) (src + offset)
 */
export function load(
  m: Machine,
  { dst, src, off, size }: Pick<LdxInsn, 'dst' | 'src' | 'off' | 'size'>,
  extend: 'unsigned' | 'signed',
): Outcome | undefined {
  if (m.regs.isPoison(src)) return m.poisoned(src, 'address');
  const at = m.place(src, off);
  const region = m.memory.regionAt(at, size);
  if (region === undefined) return m.fault({ kind: 'read', address: m.address(src, off), size });
  const offset = at - region.base;
  if (region.isPoison(offset, size)) return m.writePoison(dst);
  const value = region.load(offset, size);
  return m.write(dst, extend === 'signed' ? signExtend(value, size * 8) : value);
}

/** *(size *) (dst + offset) = word; poison is stored as poison. */
export function store(
  m: Machine,
  { dst, off, size }: Pick<StxInsn, 'dst' | 'off' | 'size'>,
  word: Word,
): Outcome | undefined {
  if (m.regs.isPoison(dst)) return m.poisoned(dst, 'address');
  const at = m.place(dst, off);
  const region = m.memory.regionAt(at, size);
  if (region === undefined || !region.writable)
    return m.fault({ kind: 'write', address: m.address(dst, off), size });
  region.storeWord(at - region.base, size, word);
  return undefined;
}

/** KERNEL: `dst = *(u64 *)(r11 + 8k)` reads incoming slot k - 1 (argument 5 + k). */
function loadStackArg(m: Machine, insn: LdxInsn): Outcome | undefined {
  const slot = stackArgSlot(insn.off, 'incoming');
  if (slot === undefined || insn.size !== 8 || insn.sign) return notAStackArg(m, insn.src, 'load');
  return m.writeWord(insn.dst, m.frame.incoming(slot));
}

/** KERNEL: `*(u64 *)(r11 - 8k) = word` writes outgoing slot k - 1 (argument 5 + k of the next call). */
function storeStackArg(m: Machine, insn: StxInsn | StInsn, word: Word): Outcome | undefined {
  const slot = stackArgSlot(insn.off, 'outgoing');
  if (slot === undefined || insn.size !== 8) return notAStackArg(m, insn.dst, 'store');
  m.frame.storeOutgoing(slot, word);
  return undefined;
}

/** Decoding refuses these too; an instruction made by hand may still be one. */
function notAStackArg(m: Machine, base: number, access: 'load' | 'store'): Outcome {
  return m.unsupported(`${access} through r${base} that is not one of 8 bytes at a stack argument`);
}
