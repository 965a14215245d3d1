/**
 * Loads, stores and atomics: RFC 9669 §5. Where an access cannot be done, or would load poison, nothing of it
 * happens and the interpreter runs it.
 */
import type { AtomicOp } from '../../bpf/atomic.ts';
import { MAX_STACK_BYTES } from '../../bpf/calling.ts';
import type { AtomicInsn, LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import type { Size } from '../../bpf/load-store.ts';
import { R0, R10, type Reg } from '../../bpf/reg.ts';
import type { Emitter } from './emitter.ts';
import {
  ADDRESS,
  AT,
  DISTANCE,
  FOR_READ,
  FOR_WRITE,
  type Kept,
  keepRange,
  local,
  OLD,
  STACK,
} from './function.ts';
import { PLANE } from './layout.ts';
import { type Code, I32, I64, OP } from './wasm.ts';

const LOADS = { 1: I64.load8u, 2: I64.load16u, 4: I64.load32u, 8: I64.load };
const SIGNED_LOADS = { 1: I64.load8s, 2: I64.load16s, 4: I64.load32s, 8: I64.load };
const STORES = { 1: I64.store8, 2: I64.store16, 4: I64.store32, 8: I64.store };

export function emitLdx(emitter: Emitter, { dst, src, off, size, sign }: LdxInsn): void {
  locate(emitter, FOR_READ, { base: src, off, size });
  leaveIfPoison(emitter, size);
  emitter.code
    .get(AT)
    .memory((sign ? SIGNED_LOADS : LOADS)[size], 0)
    .set(local(dst));
}

export function emitStx(emitter: Emitter, { dst, src, off, size }: StxInsn): void {
  locate(emitter, FOR_WRITE, { base: dst, off, size });
  store(emitter.code, size, () => emitter.code.get(local(src)));
}

export function emitSt(emitter: Emitter, { dst, off, size, imm }: StInsn): void {
  locate(emitter, FOR_WRITE, { base: dst, off, size });
  store(emitter.code, size, () => emitter.code.i64(BigInt(imm)));
}

export function emitAtomic(emitter: Emitter, insn: AtomicInsn): void {
  const { op, dst, src, off, size } = insn;
  if (op === 'load_acquire') emitLdx(emitter, { kind: 'ldx', dst, src, off, size, sign: false });
  else if (op === 'store_release') emitStx(emitter, { kind: 'stx', dst, src, off, size });
  else modify(emitter, insn, op);
}

const MODIFIES: Readonly<Partial<Record<AtomicOp, number>>> = {
  add: I64.add,
  fetch_add: I64.add,
  or: I64.or,
  fetch_or: I64.or,
  and: I64.and,
  fetch_and: I64.and,
  xor: I64.xor,
  fetch_xor: I64.xor,
};

/** Only the low `size` bytes of what is stored count. */
function modify(emitter: Emitter, { dst, src, off, size }: AtomicInsn, op: AtomicOp): void {
  const { code } = emitter;
  locate(emitter, FOR_WRITE, { base: dst, off, size });
  leaveIfPoison(emitter, size);
  code.get(AT).memory(LOADS[size], 0).set(OLD);
  if (op === 'cmpxchg') {
    code.get(OLD, local(R0));
    if (size === 4) code.op(I32.wrap_i64, I64.extend_i32_u);
    code.op(I64.eq).open(OP.if);
    store(code, size, () => code.get(local(src)));
    code.end().get(OLD).set(local(R0));
    return;
  }
  const operation = MODIFIES[op];
  store(code, size, () =>
    operation === undefined ? code.get(local(src)) : code.get(OLD, local(src)).op(operation),
  );
  if (op === 'xchg' || op.startsWith('fetch_')) code.get(OLD).set(local(src));
}

/** Sets AT to where the bytes lie; leaves where there are none, or none to be written. */
function locate(
  emitter: Emitter,
  kept: Kept,
  { base, off, size }: { readonly base: Reg; readonly off: number; readonly size: Size },
): void {
  const { code } = emitter;
  if (base === R10 && off >= -MAX_STACK_BYTES && off <= -size) {
    code
      .get(STACK)
      .i32(MAX_STACK_BYTES + off)
      .op(I32.add)
      .set(AT);
    return;
  }
  code.get(local(base)).i64(BigInt(off)).op(I64.add).tee(ADDRESS).get(kept.low).op(I64.sub).set(DISTANCE);
  isOutside(code, kept, size);
  code.open(OP.if);
  keepRange(code, kept, () => emitter.leave());
  isOutside(code, kept, size);
  emitter.leaveIf();
  code.end();
  code.get(kept.linear, DISTANCE).op(I32.wrap_i64, I32.add).set(AT);
}

/** Whether the access does not lie wholly in the range that is kept. */
function isOutside(code: Code, { length }: Kept, size: Size): void {
  code.get(DISTANCE, length).op(I64.ge_u);
  code.get(DISTANCE).i64(BigInt(size)).op(I64.add).get(length).op(I64.gt_u, I32.or);
}

function leaveIfPoison(emitter: Emitter, size: Size): void {
  emitter.code.get(AT).memory(LOADS[size], PLANE).i64(0n).op(I64.ne);
  emitter.leaveIf();
}

/** What is stored is no poison. */
function store(code: Code, size: Size, value: () => void): void {
  code.get(AT);
  value();
  code.memory(STORES[size], 0);
  code.get(AT).i64(0n).memory(STORES[size], PLANE);
}
