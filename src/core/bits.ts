/** Small sets, as bits of a number. */

/** Number of the lowest bit of a set that is not empty. */
export const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
