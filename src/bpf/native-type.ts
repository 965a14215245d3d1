/** C types of class INTEGER as text: `u8` to `u64`, `s8` to `s64`, `ptr`, `u128`, `s128`, `struct1` to `struct16`. */
import { badInput } from '../core/errors.ts';
import type { NativeType } from '../core/native.ts';

const SCALAR = /^[us](8|16|32|64|128)$/;
const STRUCT = /^struct(\d{1,2})$/;
/** Larger ones travel by a hidden pointer: psABI §3.2.3. */
const MAX_STRUCT = 16;

export const TYPE_NAMES = 'u8 to u128, s8 to s128, ptr, and struct1 to struct16';

/** Undefined where it names no type. */
export function parseNativeType(text: string): NativeType | undefined {
  const bits = text === 'ptr' ? 64 : Number(SCALAR.exec(text)?.[1]);
  if (bits > 0) return { text, bytes: bits / 8, align: bits === 128 ? 16 : 8 };
  const bytes = Number(STRUCT.exec(text)?.[1]);
  return bytes >= 1 && bytes <= MAX_STRUCT ? { text, bytes, align: 8 } : undefined;
}

/** A list with commas; `` and `void` are none. `where` is named in errors. */
export function parseNativeTypes(list: string, where: string): NativeType[] {
  if (list === '' || list === 'void') return [];
  return list.split(',').map((each) => {
    const text = each.trim();
    const type = parseNativeType(text);
    if (type === undefined)
      throw badInput('read prototype', where, `\`${text}\` is no type; types are ${TYPE_NAMES}`);
    return type;
  });
}
