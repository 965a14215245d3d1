/** What JITs do otherwise than RFC 9669, by choice. */

/**
 * Where a JIT departs from RFC 9669 on purpose and says so. The reference then goes the JIT's way, so that the rest
 * of the program is compared, and notes that it did.
 */
export interface Choices {
  /** `exit`: a division or remainder by a register that is 0 ends the program with r0 = 0. RFC 9669 §4.1: it gives 0, or leaves dst. */
  readonly divisionByZero?: 'exit';
}

export type ChoiceName = keyof Choices;
