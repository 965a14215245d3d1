/**
 * Programs with tail calls before they are programs. Any value lowers to a valid one (lower.ts): numbers are folded
 * onto what there is.
 */

/** One thing a function does, after the other. */
export type TailStep =
  /** Changes the counter in the context, which every order of steps leaves in another state. */
  | { readonly kind: 'mix'; readonly imm: number }
  /** Calls a function; of functions, one behind itself. Programs that functions go on in call none. */
  | { readonly kind: 'call'; readonly callee: number; readonly imm: number }
  | {
      readonly kind: 'tail';
      /** Which of the program arrays, if it may choose. */
      readonly array: number;
      /** Entry, or one past the end. */
      readonly index: number;
      readonly by: IndexForm;
    };

/**
 * Where the index of a tail call comes from: a constant, a constant with bits above the lower 32, the counter; a
 * constant from before a branch, one that a way changes, a counter that was compared with it, a word of the stack
 * that holds it, one of which a way writes over a part.
 */
export const INDEX_FORMS = [
  'imm',
  'wide',
  'counted',
  'before-branch',
  'on-one-way',
  'compared',
  'spilled',
  'half-overwritten',
] as const;
export type IndexForm = (typeof INDEX_FORMS)[number];

/** A program or a function. */
export interface TailFunction {
  /** Where it keeps its context: r6..r9, or, 4, the stack. */
  readonly keeper: number;
  /** Bits 0..3: r6..r9 get a value of their own at the start, which counts at the end. */
  readonly saved: number;
  /** Words of BPF stack that do so too. */
  readonly words: number;
  /** Stack arguments it takes, counted from the sixth; functions alone take any. */
  readonly stackArgs: number;
  readonly steps: readonly TailStep[];
}

export interface TailCallSpec {
  /** Programs that call functions; the first is main. They may go on in any program. */
  readonly programs: readonly [TailFunction, ...TailFunction[]];
  /** Programs that call none: those that functions go on in. */
  readonly leaves: readonly TailFunction[];
  readonly functions: readonly TailFunction[];
  /** Entries of the array of all programs, and of the one of leaves; 0 is none, others are folded. */
  readonly arrays: readonly [readonly number[], readonly number[]];
}
