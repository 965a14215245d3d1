/**
 * Atomics: RFC 9669 §5.3, and Linux's load-acquire and store-release (linux 880442305a39). One thread runs,
 * so each is its plain sequence of load, operation and store.
 *
 * NON-SPEC: the address need not be aligned. Neither the RFC nor x86-64 asks for it; Linux's verifier does.
 */
import type { AtomicOp } from '../bpf/atomic.ts';
import type { AtomicInsn } from '../bpf/insn.ts';
import { R0, type Reg } from '../bpf/reg.ts';
import { assertNever } from '../core/errors.ts';
import type { Outcome, Word } from '../core/execution.ts';
import { type U64, zeroExtend } from '../core/u64.ts';
import { load, store } from './load-store.ts';
import type { Machine } from './machine.ts';
import type { AccessSize, Region } from './region.ts';

type ModifyOp = Exclude<AtomicOp, 'load_acquire' | 'store_release'>;

export function atomic(m: Machine, insn: AtomicInsn): Outcome | undefined {
  switch (insn.op) {
    // KERNEL: dst = smp_load_acquire((size *) (src + offset)), zero-extended
    case 'load_acquire':
      return load(m, insn, 'unsigned');
    // KERNEL: smp_store_release((size *) (dst + offset), src)
    case 'store_release':
      return store(m, insn, m.regs.word(insn.src));
    default:
      return modifyAt(m, insn, insn.op);
  }
}

/** A memory word that is read and written. NON-SPEC: where it can't be, the fault is a write, as on x86-64. */
function modifyAt(m: Machine, insn: AtomicInsn, op: ModifyOp): Outcome | undefined {
  const { dst, src, off, size } = insn;
  if (m.regs.isPoison(dst)) return m.poisoned(dst, 'address');
  const at = m.place(dst, off);
  const region = m.memory.regionAt(at, size);
  if (region === undefined || !region.writable)
    return m.fault({ kind: 'write', address: m.address(dst, off), size });
  return modify(m, { region, offset: at - region.base, size }, op, src);
}

/** The same at a place that can be written. */
export function modify(m: Machine, place: Place, op: ModifyOp, src: Reg): Outcome | undefined {
  const { region, offset, size } = place;
  const old = region.loadWord(offset, size);
  if (op === 'cmpxchg') return cmpxchg(m, place, old, m.regs.word(src));
  region.storeWord(offset, size, modified(op, old, m.regs.word(src)));
  // "If the FETCH flag is set, then the operation also overwrites src with the value that was in memory."
  // KERNEL: a 32-bit old value is zero-extended.
  return isFetch(op) ? m.writeWord(src, old) : undefined;
}

/** What memory holds afterwards; only the low `size` bytes count. */
function modified(op: Exclude<ModifyOp, 'cmpxchg'>, old: Word, src: Word): Word {
  // XCHG: exchanges src with the value addressed by dst + offset
  if (op === 'xchg') return src;
  if (old === undefined || src === undefined) return undefined;
  switch (op) {
    // *(size *)(dst + offset) += src
    case 'add':
    case 'fetch_add':
      return old + src;
    // *(size *)(dst + offset) |= src
    case 'or':
    case 'fetch_or':
      return old | src;
    // *(size *)(dst + offset) &= src
    case 'and':
    case 'fetch_and':
      return old & src;
    // *(size *)(dst + offset) ^= src
    case 'xor':
    case 'fetch_xor':
      return old ^ src;
    default:
      return assertNever(op);
  }
}

function isFetch(op: ModifyOp): boolean {
  return op !== 'add' && op !== 'or' && op !== 'and' && op !== 'xor';
}

export interface Place {
  readonly region: Region;
  readonly offset: number;
  readonly size: AccessSize;
}

/**
 * "Compares the value addressed by dst + offset with R0. If they match, the value … is replaced with src. In
 * either case, the value that was at dst + offset before the operation is zero-extended and loaded back to R0."
 * A 32-bit operation compares the low half of R0. Poison on one side of the comparison leaves memory poison.
 */
function cmpxchg(m: Machine, { region, offset, size }: Place, old: Word, src: Word): Outcome | undefined {
  const expected = m.regs.word(R0);
  if (old === undefined || expected === undefined) region.storeWord(offset, size, undefined);
  else if (old === low(expected, size)) region.storeWord(offset, size, src);
  return m.writeWord(R0, old);
}

const low = (value: U64, size: AccessSize): U64 => zeroExtend(value, size * 8);
