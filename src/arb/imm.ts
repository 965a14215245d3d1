/** 32-bit immediates: the boundaries of encodings (imm8, sign, width) and random ones. */
import type { Arbitrary } from 'fast-check';
import { type Draw, drawn } from './draw.ts';

/** 0, for which encodings have forms of their own, comes four times. */
// biome-ignore format: a table
const BOUNDARIES: readonly number[] = [
  0, 0, 0, 0, 1, -1, 2, -2, 31, 32, 63, 64, 126, 127, 128, 129, -127, -128, -129, -130, 255, 256,
  0x7fff, 0x8000, -0x8000, -0x8001, 0xffff, 0x7fff_ffff, 0x7fff_fffe, -0x8000_0000, -0x7fff_ffff,
];

/** @internal So many percent of them boundaries. */
export function drawImm(draw: Draw, boundaries = 50): number {
  return draw.chance(boundaries) ? draw.pick(BOUNDARIES) : draw.bits32();
}

/** @internal */
export function* shrinkImm(value: number): Iterable<number> {
  if (value !== 0) yield 0;
  if (value !== 0 && value !== 1) yield 1;
  if (value < 0) yield value === -0x8000_0000 ? 0x7fff_ffff : -value;
  if (Math.abs(value) > 3) yield Math.trunc(value / 2);
}

/** Signed 32-bit immediates, half of them boundaries. Shrinks towards 0. */
export const imm = (): Arbitrary<number> => drawn({ draw: drawImm, shrink: shrinkImm });
