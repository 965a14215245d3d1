/**
 * What stands where nobody has put anything: each word of the stack, each register at entry, what a callee may
 * destroy. No address (bits 47..63 differ), and another value each, so that a stray one shows where it comes from.
 */
import { STACK_SIZE } from './layout.ts';
import type { U64 } from './u64.ts';

const STACK = 0x57ac_cafe_0000_0000n;
const ENTRY = 0x1a7e_0000_0000_0000n;
const ENTRY_STEP = 0x0101_0101_0101n;
const GPRS = 16n;
const CLOBBER = 0xc10b_be4e_d000_0000n;
const CLOBBERS = 0x200n;

/** A word of the stack before anyone wrote it, by its offset from STACK_BASE. */
export const unwritten = (offset: number): U64 => STACK | BigInt(offset);

/** A general-purpose register when main is entered, by its number. */
export const atEntry = (gpr: number): U64 => ENTRY | (ENTRY_STEP * BigInt(gpr + 1));

/** A caller-saved register after a call of a helper or kfunc, by its number. */
export const clobberedReg = (gpr: number): U64 => CLOBBER | BigInt(gpr);

/** The word of argument `position` after a call of a helper or kfunc. */
export const clobberedArg = (position: number): U64 => CLOBBER | BigInt(0xff + position);

/** Where a value comes from that is one of these. */
export type JunkOrigin =
  | { readonly kind: 'unwritten' }
  | { readonly kind: 'entry'; readonly gpr: number }
  | { readonly kind: 'clobbered' };

export function junkOrigin(value: U64): JunkOrigin | undefined {
  if (value >= STACK && value < STACK + BigInt(STACK_SIZE)) return { kind: 'unwritten' };
  if (value >= CLOBBER && value < CLOBBER + CLOBBERS) return { kind: 'clobbered' };
  const gpr = (value - ENTRY) / ENTRY_STEP - 1n;
  return gpr >= 0n && gpr < GPRS && value === atEntry(Number(gpr))
    ? { kind: 'entry', gpr: Number(gpr) }
    : undefined;
}
