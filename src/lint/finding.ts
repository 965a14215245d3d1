/** What the linter found: data; src/report makes the words. */
import type { RuleId } from './rules.ts';

/** A place where a program breaks a rule. */
export interface Finding {
  readonly rule: RuleId;
  /** Slot of the instruction. */
  readonly pc: number;
  /** What fills the rule's message, in order. */
  readonly values: readonly (number | string)[];
  /** How the program gets there; from the innermost function outwards, empty where that does not matter. */
  readonly path: readonly Stretch[];
}

/** A way through one function. */
export interface Stretch {
  /** Index of the function. */
  readonly subprog: number;
  /**
   * Slot of the instruction that brought about what the rule forbids (the call that took the slots, say); null:
   * it is so from the function's start.
   */
  readonly from: number | null;
  /** Conditional jumps on which it depends. */
  readonly branches: readonly Branch[];
  /** Slot it leads to: of the finding, or of the call of the function before it in the path. */
  readonly to: number;
}

export interface Branch {
  readonly pc: number;
  readonly taken: boolean;
}
