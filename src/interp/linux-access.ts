/**
 * What Linux's verifier makes of accesses and addresses (bpf/insn.ts: Access, CastInsn). KERNEL: an access that
 * faults is passed over by the JIT's exception table; what it should have loaded is 0.
 */
import type { AtomicInsn, CastInsn, LdxInsn, StInsn, StxInsn } from '../bpf/insn.ts';
import { R0 } from '../bpf/reg.ts';
import type { Outcome, Word } from '../core/execution.ts';
import { ARENA_BASE, ARENA_USER_BASE, isUserAddress } from '../core/layout.ts';
import { CPU_OFFSET } from '../core/percpu.ts';
import { signExtend, type U64, u32, u64 } from '../core/u64.ts';
import { modify } from './atomic.ts';
import type { Machine } from './machine.ts';
import type { AccessSize } from './region.ts';

const ARENA_BITS = 32n;

export function cast(m: Machine, { to, dst, src }: CastInsn): Outcome | undefined {
  if (m.regs.isPoison(src)) return m.writePoison(dst);
  const value = m.regs.value(src);
  switch (to) {
    case 'percpu':
      return m.write(dst, u64(value + CPU_OFFSET));
    case 'kernel':
      return m.write(dst, u32(value));
    case 'user':
      return m.write(dst, u32(value) === 0n ? 0n : ARENA_USER_BASE | u32(value));
  }
}

/** KERNEL: where the address may be one of user space, nothing is loaded. */
export function loadLinux(m: Machine, insn: LdxInsn): Outcome | undefined {
  const { dst, src, off, size, access } = insn;
  const address = addressOf(m, src, off, access);
  if (typeof address !== 'bigint') return address;
  const region = access === 'probe' && isUserAddress(address) ? undefined : m.memory.locate(address, size);
  if (region === undefined) return missed(m, { kind: 'read', address, size }, access, dst);
  const word = region.loadWord(region.offsetOf(address), size);
  if (word === undefined) return m.writePoison(dst);
  return m.write(dst, insn.sign ? signExtend(word, size * 8) : word);
}

export function storeArena(m: Machine, insn: StxInsn | StInsn, word: Word): Outcome | undefined {
  const { dst, off, size, access } = insn;
  const address = addressOf(m, dst, off, access);
  if (typeof address !== 'bigint') return address;
  const region = m.memory.locate(address, size);
  if (region === undefined) return missed(m, { kind: 'write', address, size }, access, undefined);
  if (region.writable) region.storeWord(region.offsetOf(address), size, word);
  return undefined;
}

/** KERNEL: and/or/xor with fetch are refused in an arena (`bpf_jit_supports_insn()`). */
export function atomicArena(m: Machine, insn: AtomicInsn): Outcome | undefined {
  const { op, dst, src, off, size, access } = insn;
  switch (op) {
    case 'load_acquire':
      return loadLinux(m, { kind: 'ldx', sign: false, dst, src, off, size, access: 'arena' });
    case 'store_release':
      return storeArena(m, { kind: 'stx', dst, src, off, size, access: 'arena' }, m.regs.word(src));
    case 'fetch_and':
    case 'fetch_or':
    case 'fetch_xor':
      return m.unsupported(`${op} in an arena`);
    default: {
      const address = addressOf(m, dst, off, access);
      if (typeof address !== 'bigint') return address;
      const region = m.memory.locate(address, size);
      if (region?.writable === true)
        return modify(m, { region, offset: region.offsetOf(address), size }, op, src);
      const loaded = op === 'cmpxchg' ? R0 : op === 'xchg' || op === 'fetch_add' ? src : undefined;
      if (region === undefined) return missed(m, { kind: 'write', address, size }, access, loaded);
      return loaded === undefined ? undefined : m.write(loaded, 0n);
    }
  }
}

/** In an arena addresses are made of their low halves; the verifier has cleared the upper ones. */
function addressOf(
  m: Machine,
  base: number,
  off: number,
  access: 'probe' | 'arena' | undefined,
): U64 | Outcome {
  if (m.regs.isPoison(base)) return m.poisoned(base, 'address');
  if (access !== 'arena') return m.address(base, off);
  if (m.regs.value(base) >> ARENA_BITS !== 0n)
    return m.unsupported('an address of more than 32 bits in an arena');
  return u64(ARENA_BASE + m.address(base, off));
}

/**
 * Where native code would fault, it goes on; where a page is there all the same, whatever native code does says
 * nothing: that ends the run, as for any stray access.
 */
function missed(
  m: Machine,
  access: { readonly kind: 'read' | 'write'; readonly address: U64; readonly size: AccessSize },
  by: 'probe' | 'arena' | undefined,
  loaded: number | undefined,
): Outcome | undefined {
  const isUser = by === 'probe' && isUserAddress(access.address);
  if (!isUser && m.memory.isMapped(access.address, access.size)) return m.fault(access);
  return loaded === undefined ? undefined : m.write(loaded, 0n);
}
