/** The finaliser of MurmurHash3, fmix64. */
import { type U64, u64 } from './u64.ts';

/** Multipliers, one for each round; a round shifts by FMIX_SHIFT. */
export const FMIX = [0xff51_afd7_ed55_8ccdn, 0xc4ce_b9fe_1a85_ec53n] as const;
export const FMIX_SHIFT = 33n;

const [FIRST, SECOND] = FMIX;

/**
 * Each step is a word, and shifts are by a literal, FMIX_SHIFT: V8 then computes it on machine words, without bigints
 * of their own between them.
 */
export function fmix64(x: U64): U64 {
  x = u64(u64(x ^ u64(x >> 33n)) * FIRST);
  x = u64(u64(x ^ u64(x >> 33n)) * SECOND);
  return u64(x ^ u64(x >> 33n));
}
