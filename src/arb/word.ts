/** 64-bit values: boundaries at which real JITs went wrong, and full-width ones with dirty upper halves. */
import type { Arbitrary } from 'fast-check';
import type { U64 } from '../core/u64.ts';
import { type Draw, drawn } from './draw.ts';

/** Sign and width boundaries, shift counts, halves that differ. */
// biome-ignore format: a table
const BOUNDARIES: readonly U64[] = [
  0n, 1n, 2n, 31n, 32n, 33n, 63n, 64n, 65n, 127n, 128n, 255n, 256n, 0x7fffn, 0x8000n, 0xffffn,
  0x7fff_fffen, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n, 0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n,
  0x7fff_ffff_ffff_fffen, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0001n,
  0xffff_ffff_7fff_ffffn, 0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_fffen, 0xffff_ffff_ffff_ffffn,
  0xdead_beef_0000_0000n, 0x0123_4567_8000_0000n, 0xffff_ffff_0000_0000n,
];

/** @internal So many percent of them boundaries. */
export function drawWord(draw: Draw, boundaries = 35): U64 {
  return draw.chance(boundaries) ? draw.pick(BOUNDARIES) : draw.bits64();
}

/** @internal */
export function* shrinkWord(value: U64): Iterable<U64> {
  if (value !== 0n) yield 0n;
  if (value > 1n) yield 1n;
  if (value > 0xffff_ffffn) yield value & 0xffff_ffffn;
  const highest = 1n << BigInt(value.toString(2).length - 1);
  if (value > 1n && value !== highest) yield highest;
  for (let bits = 32n; bits > 0n; bits /= 2n) if (value >> bits > 1n) yield value >> bits;
}

/** 64-bit words, a third of them boundaries. Shrinks towards 0. */
export const word = (): Arbitrary<U64> => drawn({ draw: drawWord, shrink: shrinkWord });
