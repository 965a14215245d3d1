/** Operands both dialects share in one spelling or another. */
import type { Size } from '../load-store.ts';
import type { Target } from './builder.ts';
import type { Cursor } from './cursor.ts';

/** A place in memory. */
export interface Address {
  readonly base: number;
  readonly off: number;
}

/** `+3`, `-2`, `5`, `pc+3`, or a label; a trailing `<symbol+0x18>` of llvm-objdump is passed over. */
export function jumpTarget(cursor: Cursor, bits: 16 | 32): Target {
  const target = bareTarget(cursor, bits);
  if (cursor.at('<')) while (cursor.peek() !== undefined && !cursor.accept('>')) cursor.next();
  return target;
}

function bareTarget(cursor: Cursor, bits: 16 | 32): Target {
  const sign = cursor.peek(1)?.text;
  const relative = cursor.at('pc') && (sign === '+' || sign === '-');
  if (relative) cursor.next();
  const token = cursor.peek();
  if (token === undefined || (token.kind === 'name' && cursor.peekReg() === undefined)) {
    return cursor.name('a label, or a distance such as +3');
  }
  if (!relative && !cursor.at('+', '-') && token.kind !== 'number') {
    throw cursor.unexpected('a label, or a distance such as +3');
  }
  return bits === 16 ? cursor.offset16() : cursor.offset32();
}

/** Bytes of `u8`…`u64`, `s8`…`s64`, and whether it is signed. */
export function sizeName(cursor: Cursor): { readonly size: Size; readonly sign: boolean } {
  const found = /^([us])(8|16|32|64)$/.exec(cursor.peek()?.text ?? '');
  if (found === null) throw cursor.unexpected('a size (u8, u16, u32, u64, s8, s16 or s32)');
  cursor.next();
  return { size: (Number(found[2]) / 8) as Size, sign: found[1] === 's' };
}

/** `(size *)` */
export function sizeCast(cursor: Cursor): { readonly size: Size; readonly sign: boolean } {
  cursor.expect('(');
  const cast = sizeName(cursor);
  cursor.expect('*', ')');
  return cast;
}

/** Arguments of the pseudo-functions of RFC 9669 §5.4: `(imm)` or `(imm, next_imm)`; the 64-bit immediate. */
export function widePair(cursor: Cursor): bigint {
  cursor.expect('(');
  const low = cursor.imm32();
  const high = cursor.accept(',') ? cursor.imm32() : 0;
  cursor.expect(')');
  return (BigInt.asUintN(32, BigInt(high)) << 32n) | BigInt.asUintN(32, BigInt(low));
}
