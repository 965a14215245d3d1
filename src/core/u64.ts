/**
 * 64-bit words. A BPF register, an address and an argument are all a `U64`: a bigint in [0, 2^64).
 * Every value that enters the program goes through one of these once; nothing else wraps.
 */
export type U64 = bigint;

// Bound, not wrapped: V8 then computes `u64(a + b)` on machine words, without the sum as a bigint of its own.
/** The low 64 bits, unsigned. */
export const u64: (x: bigint) => U64 = BigInt.asUintN.bind(BigInt, 64);
/** The low 64 bits, as a two's complement number. */
export const s64: (x: bigint) => bigint = BigInt.asIntN.bind(BigInt, 64);
/** The low 32 bits, unsigned. */
export const u32: (x: bigint) => bigint = BigInt.asUintN.bind(BigInt, 32);
/** The low 32 bits, as a two's complement number. */
export const s32: (x: bigint) => bigint = BigInt.asIntN.bind(BigInt, 32);

/** A word between its halves and a U64: arithmetic on bigints that are numbers, or become some, takes far longer. */
const WORD = new BigUint64Array(1);
/** The low one first: machines that run x86-64, and those that emulate it here, are little-endian. */
const HALVES = new Int32Array(WORD.buffer);

/** The low and the high 32 bits, as signed numbers. */
export function low32(x: U64): number {
  WORD[0] = x;
  return HALVES[0] as number;
}
export function high32(x: U64): number {
  WORD[0] = x;
  return HALVES[1] as number;
}

/** The word as a number: rounded from 2^53 on. */
export function toNumber(x: U64): number {
  WORD[0] = x;
  return ((HALVES[1] as number) >>> 0) * 2 ** 32 + ((HALVES[0] as number) >>> 0);
}

/** `x + distance` as signed numbers: rounded where it is not within 53 bits. */
export function numberAt(x: U64, distance: number): number {
  WORD[0] = x;
  return (HALVES[1] as number) * 2 ** 32 + (((HALVES[0] as number) >>> 0) + distance);
}

/** `to - from` as a signed number: rounded where it is not within 53 bits. */
export function distanceTo(to: U64, from: U64): number {
  WORD[0] = to;
  const low = (HALVES[0] as number) >>> 0;
  const high = (HALVES[1] as number) >>> 0;
  WORD[0] = from;
  return (high - ((HALVES[1] as number) >>> 0)) * 2 ** 32 + (low - ((HALVES[0] as number) >>> 0));
}

/** Of the low 32 bits of each. */
export function fromHalves(low: number, high: number): U64 {
  HALVES[0] = low;
  HALVES[1] = high;
  return WORD[0] as U64;
}

/** A signed 32-bit number, sign-extended. `| 0` tells V8 that it is one: no bigint is made where a word will do. */
export const fromS32 = (x: number): U64 => u64(BigInt(x | 0));
/** A whole number within 53 bits, sign-extended. */
export const fromNumber = (x: number): U64 =>
  x === (x | 0) ? fromS32(x) : fromHalves(x, Math.floor(x / 2 ** 32));

/** The low 8, 16, 32 or 64 bits, sign-extended. Not `BigInt.asIntN`: of a number that varies, it is a slow call. */
export function signExtend(x: U64, bits: number): U64 {
  const above = 32 - bits;
  return bits === 64 ? x : fromS32((low32(x) << above) >> above);
}
/** The same, zero-extended. */
export function zeroExtend(x: U64, bits: number): U64 {
  if (bits === 64) return x;
  return fromHalves(bits === 32 ? low32(x) : low32(x) & ((1 << bits) - 1), 0);
}

/** `0x` and 16 hex digits: how registers are written in reports. */
export const hex64 = (x: U64): string => `0x${x.toString(16).padStart(16, '0')}`;
/** `0x` and as many digits as needed. */
export const hex = (x: U64 | number): string => `0x${x.toString(16)}`;
