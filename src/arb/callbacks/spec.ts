/** Programs whose functions are called by helpers, as plain data. */
import type { TimerStep } from '../timers/code.ts';

export type CallbackStep =
  | TimerStep
  | { readonly kind: 'mix'; readonly imm: number }
  | {
      readonly kind: 'call';
      /** Which of the functions behind it, folded. */
      readonly callee: number;
      readonly imm: number;
    }
  | {
      readonly kind: 'helper';
      /** Which of the callbacks behind it, folded; it says which helper. */
      readonly callee: number;
      /** How often `loop` may call it. */
      readonly count: number;
      /** What the helper refuses unless it is 0. */
      readonly flags: number;
      /** Its address goes through the stack. */
      readonly isSpilled: boolean;
    };

export type CallbackRole = 'function' | 'loop' | 'each' | 'timer';

/** A function, or what helpers call: of `loop` or of `each`, or for timers. */
export interface CallbackFunction {
  readonly role: CallbackRole;
  /** Arguments of a function; those of callbacks follow from their helper. */
  readonly args: number;
  /** Which of r6..r9 keeps what it computes. */
  readonly keeper: number;
  /** Bits 0..3: r6..r9 get a value of their own at the start, which counts at the end. */
  readonly saved: number;
  /** Words of BPF stack that do so too. */
  readonly words: number;
  /** A callback stops, where its helper asks, when the low bits of what it has computed are this; past them, never. */
  readonly stop: number;
  readonly steps: readonly CallbackStep[];
}

export interface CallbackSpec {
  /** Its role and arguments do not matter. */
  readonly main: CallbackFunction;
  /** Each calls those behind it alone. */
  readonly others: readonly CallbackFunction[];
  /** Keys and values of the data that `each` goes through, or that timers are in. */
  readonly elements: readonly number[];
}
