/**
 * Atomics: `emit_atomic_rmw()`, `emit_atomic_ld_st()` and the fetch loop of `do_jit()`. RFC 9669 §5.3.
 * and/or/xor with fetch have no x86 instruction: they are a cmpxchg loop that borrows rax, so r0 waits in r10
 * meanwhile, and stands in for r0 where the instruction itself names it (linux b29dd96b905f, ced185824c89).
 */
import type { AtomicInsn } from '../../bpf/insn.ts';
import type { Form } from '../../x86/form.ts';
import {
  AND,
  JCC,
  LOCK_ADD,
  LOCK_AND,
  LOCK_CMPXCHG,
  LOCK_OR,
  LOCK_XADD,
  LOCK_XOR,
  OR,
  XCHG,
  XOR,
} from '../../x86/forms.ts';
import { type Gpr, RAX } from '../../x86/reg.ts';
import { AUX, gprOf, SAVED_R0 } from '../regmap.ts';
import type { LowerContext } from './context.ts';
import { load, store } from './memory.ts';
import { movReg, movReg64 } from './move.ts';

interface Pair {
  readonly rm32_r32: Form<'mr'>;
  readonly rm64_r64: Form<'mr'>;
}

const ofSize = (pair: Pair, size: number): Form<'mr'> => (size === 8 ? pair.rm64_r64 : pair.rm32_r32);

export function lowerAtomic(context: LowerContext, insn: AtomicInsn): void {
  switch (insn.op) {
    case 'load_acquire':
      load(context.asm, insn.size, gprOf(insn.dst), gprOf(insn.src), insn.off);
      return;
    case 'store_release':
      store(context.asm, insn.size, gprOf(insn.dst), insn.off, gprOf(insn.src));
      return;
    case 'add':
      single(context, LOCK_ADD, insn);
      return;
    case 'or':
      single(context, LOCK_OR, insn);
      return;
    case 'and':
      single(context, LOCK_AND, insn);
      return;
    case 'xor':
      single(context, LOCK_XOR, insn);
      return;
    case 'fetch_add':
      single(context, LOCK_XADD, insn);
      return;
    case 'xchg':
      single(context, XCHG, insn);
      return;
    case 'cmpxchg':
      single(context, LOCK_CMPXCHG, insn);
      return;
    case 'fetch_or':
      fetchLoop(context, OR, insn);
      return;
    case 'fetch_and':
      fetchLoop(context, AND, insn);
      return;
    case 'fetch_xor':
      fetchLoop(context, XOR, insn);
      return;
  }
}

function single({ asm }: LowerContext, pair: Pair, insn: AtomicInsn): void {
  asm.mem(ofSize(pair, insn.size), gprOf(insn.dst), insn.off, gprOf(insn.src));
}

function fetchLoop({ asm }: LowerContext, pair: Pair, insn: AtomicInsn): void {
  const width = insn.size === 8 ? 64 : 32;
  const base = insteadOfRax(gprOf(insn.dst));
  const src = insteadOfRax(gprOf(insn.src));
  movReg64(asm, SAVED_R0, RAX);
  const loop = asm.length;
  load(asm, insn.size, RAX, base, insn.off);
  movReg(asm, width, AUX, RAX);
  asm.mr(ofSize(pair, insn.size), AUX, src);
  asm.mem(ofSize(LOCK_CMPXCHG, insn.size), base, insn.off, AUX);
  asm.rel(JCC.ne.rel8, loop - (asm.length + 2));
  movReg(asm, width, src, RAX);
  movReg64(asm, RAX, SAVED_R0);
}

const insteadOfRax = (gpr: Gpr): Gpr => (gpr === RAX ? SAVED_R0 : gpr);
