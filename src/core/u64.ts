/**
 * 64-bit words. A BPF register, an address and an argument are all a `U64`: a bigint in [0, 2^64).
 * Every value that enters the program goes through one of these once; nothing else wraps.
 */
export type U64 = bigint;

/** The low 64 bits, unsigned. */
export const u64 = (x: bigint): U64 => BigInt.asUintN(64, x);
/** The low 64 bits, as a two's complement number. */
export const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
/** The low 32 bits, unsigned. */
export const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
/** The low 32 bits, as a two's complement number. */
export const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);

/** `0x` and 16 hex digits: how registers are written in reports. */
export const hex64 = (x: U64): string => `0x${x.toString(16).padStart(16, '0')}`;
/** `0x` and as many digits as needed. */
export const hex = (x: U64 | number): string => `0x${x.toString(16)}`;
