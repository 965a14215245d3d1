/** Loads, stores and atomics in LLVM's and in the kernel's spelling. */
import { ATOMIC_ROWS, type AtomicOp } from '../atomic.ts';
import type { Size } from '../load-store.ts';
import type { Builder } from './builder.ts';
import type { Cursor, RegOperand } from './cursor.ts';
import { type Address, sizeCast } from './operands.ts';

/** `(r10 - 8)` */
function address(cursor: Cursor, stackArgs: 'with-stack-args' | 'general'): Address {
  cursor.expect('(');
  const place = bareAddress(cursor, stackArgs);
  cursor.expect(')');
  return place;
}

function bareAddress(cursor: Cursor, stackArgs: 'with-stack-args' | 'general'): Address {
  return { base: cursor.base(stackArgs), off: cursor.optionalOffset() };
}

/** r11 and r12 are bases of 8-byte accesses only. */
const basesOf = (size: Size): 'with-stack-args' | 'general' => (size === 8 ? 'with-stack-args' : 'general');

/** `*(u32 *)(r1 + 4)`, or classic BPF's `*(u8 *)skb[…]`, after `dst =`. */
export function load(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  cursor.expect('*');
  const { size, sign } = sizeCast(cursor);
  if (cursor.accept('skb')) {
    legacyLoad(dst, size, cursor, builder);
    return;
  }
  if (sign && size === 8) throw cursor.fail('`s64`: there is no sign to extend from 8 bytes, write `u64`');
  if (dst.half && (sign || size === 8)) {
    throw cursor.fail(`\`w${dst.reg}\`: this load fills the whole register, write \`r${dst.reg}\``);
  }
  const { base, off } = address(cursor, sign ? 'general' : basesOf(size));
  builder.emit({ kind: 'ldx', size, sign, dst: dst.reg, src: base, off });
}

function legacyLoad(dst: RegOperand, size: Size, cursor: Cursor, builder: Builder): void {
  if (dst.reg !== 0 || dst.half || size === 8)
    throw cursor.fail('packet loads go to r0 and are 1, 2 or 4 bytes wide');
  cursor.expect('[');
  if (cursor.peekReg() === undefined) {
    builder.emit({ kind: 'ld_abs', size, src: 0, imm: cursor.imm32() });
  } else {
    const src = cursor.reg(64);
    builder.emit({ kind: 'ld_ind', size, src, imm: cursor.at('+', '-') ? cursor.imm32() : 0 });
  }
  cursor.expect(']');
}

/** `*(u64 *)(r11 - 8) = r6`, `… = 6` */
export function store(cursor: Cursor, builder: Builder): void {
  cursor.expect('*');
  const size = unsignedCast(cursor);
  const { base: dst, off } = address(cursor, basesOf(size));
  cursor.expect('=');
  if (cursor.peekReg() !== undefined) {
    builder.emit({ kind: 'stx', size, dst, src: cursor.valueReg(size), off });
  } else {
    builder.emit({ kind: 'st', size, dst, off, imm: cursor.imm32() });
  }
}

/** `lock *(u64 *)(r10 - 8) += r1` */
export function lockedUpdate(cursor: Cursor, builder: Builder): void {
  cursor.expect('*');
  const size = unsignedCast(cursor);
  const { base: dst, off } = address(cursor, 'general');
  const row = ATOMIC_ROWS.find((r) => 'operator' in r && cursor.at(r.operator));
  if (row === undefined) throw cursor.unexpected('`+=`, `|=`, `&=` or `^=`');
  cursor.next();
  emitAtomic(row.name, { dst, off }, size, cursor.valueReg(size), cursor, builder);
}

/** `store_release((u64 *)(r1 + 0), r2)` */
export function storeRelease(cursor: Cursor, builder: Builder): void {
  cursor.expect('(');
  const size = unsignedCast(cursor);
  const { base: dst, off } = address(cursor, 'general');
  cursor.expect(',');
  const src = cursor.valueReg(size);
  cursor.expect(')');
  emitAtomic('store_release', { dst, off }, size, src, cursor, builder);
}

const FETCH = /^atomic(?:64)?_(fetch_(?:add|or|and|xor)|xchg|cmpxchg)$/;
const EXCHANGE = /^(xchg|cmpxchg)(?:_(64)|32_(32))$/;

/**
 * The right-hand side of `dst = …` for atomics that yield a value: `xchg_64(r1 + 0, r2)` and
 * `atomic_fetch_add((u64 *)(r1 + 0), r2)` of LLVM, `atomic64_xchg((u64 *)(r1 +0), r2)` of the kernel.
 */
export function atomicValue(name: string, dst: RegOperand, cursor: Cursor, builder: Builder): void {
  const fetch = FETCH.exec(name);
  const exchange = EXCHANGE.exec(name);
  if (name === 'load_acquire') loadAcquire(dst, cursor, builder);
  else if (fetch !== null) exchangeValue(fetch[1] as AtomicOp, undefined, dst, cursor, builder);
  else if (exchange !== null)
    exchangeValue(exchange[1] as AtomicOp, exchange[2] === '64' ? 8 : 4, dst, cursor, builder);
  else throw cursor.unexpected('a number, a register, a load or an atomic operation');
}

function loadAcquire(dst: RegOperand, cursor: Cursor, builder: Builder): void {
  cursor.next();
  cursor.expect('(');
  const size = unsignedCast(cursor);
  if (dst.half && size === 8)
    throw cursor.fail(`\`w${dst.reg}\`: 8 bytes take the whole register, write \`r${dst.reg}\``);
  const { base: src, off } = address(cursor, 'general');
  cursor.expect(')');
  builder.emit({ kind: 'atomic', op: 'load_acquire', size, dst: dst.reg, src, off });
}

/** `size` is given by the name (LLVM's exchanges) or, if undefined, by a cast. */
function exchangeValue(
  op: AtomicOp,
  sizeOfName: 4 | 8 | undefined,
  result: RegOperand,
  cursor: Cursor,
  builder: Builder,
): void {
  cursor.next();
  cursor.expect('(');
  const size = sizeOfName ?? unsignedCast(cursor);
  const place = sizeOfName === undefined ? address(cursor, 'general') : bareAddress(cursor, 'general');
  cursor.expect(',');
  if (result.half && size === 8) {
    throw cursor.fail(`\`w${result.reg}\`: 8 bytes take the whole register, write \`r${result.reg}\``);
  }
  if (op === 'cmpxchg') {
    if (cursor.valueReg(size) !== 0) throw cursor.fail('cmpxchg compares with r0: write r0 (w0) here');
    cursor.expect(',');
  }
  const src = cursor.valueReg(size);
  cursor.expect(')');
  const holder = op === 'cmpxchg' ? 0 : src;
  if (result.reg !== holder) {
    throw cursor.fail(
      `${op} leaves the old value in r${holder}, so the result must be r${holder}, not r${result.reg}`,
    );
  }
  emitAtomic(op, { dst: place.base, off: place.off }, size, src, cursor, builder);
}

function emitAtomic(
  op: AtomicOp,
  place: { readonly dst: number; readonly off: number },
  size: Size,
  src: number,
  cursor: Cursor,
  builder: Builder,
): void {
  const sizes: readonly Size[] = ATOMIC_ROWS.find((r) => r.name === op)?.sizes ?? [];
  if (!sizes.includes(size))
    throw cursor.fail(`${op} exists for ${sizes.join(' and ')} bytes, not for ${size}`);
  builder.emit({ kind: 'atomic', op, size, dst: place.dst, src, off: place.off });
}

function unsignedCast(cursor: Cursor): Size {
  const { size, sign } = sizeCast(cursor);
  if (sign) throw cursor.fail(`\`s${size * 8}\`: the sign means nothing here, write \`u${size * 8}\``);
  return size;
}
