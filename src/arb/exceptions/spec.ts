/** Programs that throw, before they are programs. Any value lowers to a valid one: numbers are folded onto what there is. */

/** One thing a function does, after the other. */
export type ThrowStep =
  /** Calls a function behind itself, if there is one. */
  | { readonly kind: 'call'; readonly callee: number }
  /** Calls a kfunc with so many arguments, 0..12. */
  | { readonly kind: 'kfunc'; readonly args: number }
  /** Stores the first so many stack arguments, as far as some call of the function passes them; they are not passed. */
  | { readonly kind: 'store'; readonly slots: number }
  /** `never`: jumps over it. */
  | { readonly kind: 'throw'; readonly when: 'always' | 'never'; readonly cookie: bigint };

export interface ThrowFunction {
  /** Arguments it takes, 1..12; main and callbacks have no say in it. */
  readonly args: number;
  /** Bits 0..3: r6..r9 get a value, which counts at the end. */
  readonly saved: number;
  /** Words of BPF stack that do so too. */
  readonly words: number;
  readonly steps: readonly ThrowStep[];
}

export interface ThrowSpec {
  readonly main: ThrowFunction;
  /** Each may call those behind it. */
  readonly functions: readonly ThrowFunction[];
  /** Calls no function and throws nothing, whatever its steps say; null: the default one. */
  readonly callback: ThrowFunction | null;
}
