/**
 * What is known of a 64-bit value: which stack pointers it may stem from, and how far below them it may point.
 *
 *   bases   a set: this frame's fp, arguments 1..12 as they came, pointers found in memory (FOUND)
 *   low     a lower bound of its distance from them in bytes, NO_BOUND if none is known
 *   exact   it is one base plus `low`, and nothing else
 *
 * packed into one small integer; NONE, the empty set, is a value no stack pointer went into.
 */
import { MAX_STACK_BYTES } from '../../bpf/calling.ts';

export type Value = number;

/** Bases: the frame pointer, arguments 1..12 at bits 1..12, and what another function may have left in memory. */
export const FP = 0;
export const FOUND = 13;
export const BASES = 14;

export const NONE: Value = 0;
/** Distances that matter end at MAX_STACK_BYTES, the deepest a frame can be. */
export const NO_BOUND = -MAX_STACK_BYTES - 1;
const HIGHEST = MAX_STACK_BYTES - 1;

const EXACT = 1;
const LOW_BITS = 11;
const LOW_MASK = (1 << LOW_BITS) - 1;

const pack = (bases: number, low: number, exact: number): Value =>
  (bases << (LOW_BITS + 1)) | ((low - NO_BOUND) << 1) | exact;

/** Bit set of bases. */
export const basesOf = (value: Value): number => value >> (LOW_BITS + 1);
export const lowOf = (value: Value): number => ((value >> 1) & LOW_MASK) + NO_BOUND;
/** A lower bound of `value + off`, in [NO_BOUND, …]. */
export function lowAt(value: Value, off: number): number {
  const low = lowOf(value);
  return low === NO_BOUND || off <= NO_BOUND || low + off < NO_BOUND ? NO_BOUND : low + off;
}
export const isExact = (value: Value): boolean => (value & EXACT) !== 0;
export const hasBase = (value: Value, base: number): boolean => (basesOf(value) & (1 << base)) !== 0;

/** The base itself. */
export const pointer = (base: number): Value => pack(1 << base, 0, EXACT);

/** A value made of this one in a way we do not follow: anywhere from its bases; NONE of NONE. */
export const derived = (value: Value): Value => pack(basesOf(value), NO_BOUND, 0);

/** A value made of both in a way we do not follow. */
export const derivedFromBoth = (a: Value, b: Value): Value => pack(basesOf(a) | basesOf(b), NO_BOUND, 0);

/** `value + distance` */
export function moved(value: Value, distance: number): Value {
  if (lowOf(value) === NO_BOUND) return value;
  const low = lowOf(value) + distance;
  if (low <= NO_BOUND) return derived(value);
  if (low > HIGHEST) return pack(basesOf(value), HIGHEST, 0);
  return pack(basesOf(value), low, value & EXACT);
}

/** One or the other. */
export function join(a: Value, b: Value): Value {
  if (a === b) return a;
  if (a === NONE || b === NONE) return (a | b) & ~EXACT;
  return pack(basesOf(a) | basesOf(b), Math.min(lowOf(a), lowOf(b)), 0);
}

/** One or the other, at the head of a loop: a distance that falls with each turn has no bound. */
export function widen(a: Value, b: Value): Value {
  const joined = join(a, b);
  return a !== NONE && b !== NONE && lowOf(joined) < lowOf(a) ? derived(joined) : joined;
}
