/** BPF registers. RFC 9669 §2 (r0..r10); r11 and r12 exist only as bases of stack arguments (calling.ts). */

/** A register number as it stands in an instruction's nibble. */
export type Reg = number;

export const R0 = 0;
export const R1 = 1;
export const R2 = 2;
export const R5 = 5;
export const R6 = 6;
export const R9 = 9;
/** Frame pointer, read-only. */
export const R10 = 10;
/** First number that is not a general register. */
export const REG_COUNT = 11;

/** Registers an instruction may name: those there are, or, for a linter to tell of the others, all that fit. */
export type RegisterRange = 'general' | 'any';

/** First number that names none. */
export const registerLimit = (range: RegisterRange): number => (range === 'general' ? REG_COUNT : 16);
