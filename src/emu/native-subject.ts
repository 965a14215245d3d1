/** What running an image takes beside the image: the program's side of it, in terms an engine's user knows. */
import type { CalleeRef, Expected } from '../core/execution.ts';
import type { ArgPlace } from '../core/image.ts';
import type { NativeStep } from '../core/step.ts';
import type { U64 } from '../core/u64.ts';

/** A helper or a kfunc, and the address the image calls it at. */
export interface NativeCallee {
  readonly ref: CalleeRef;
  /** Arguments it takes; undefined where no prototype is known. */
  readonly args: number | undefined;
  readonly address: U64;
  /** Where its words are when it starts, if it takes some of two. @defaultValue as Image.args says */
  readonly places?: readonly ArgPlace[] | undefined;
  /** It calls functions of the program (core/callback.ts). @defaultValue false */
  readonly callsBack?: boolean;
  /** It is one of the helpers of timers (core/timer.ts). @defaultValue false */
  readonly timer?: boolean;
  /** Its result is of two words: rdx holds the second. @defaultValue false */
  readonly returnsTwo?: boolean;
  /** It throws: control does not come back. @defaultValue false */
  readonly throws?: boolean;
}

/** All its arguments are of one word. */
export const isOfWords = ({ places }: NativeCallee): boolean => places === undefined;

/** It returns before anyone is called, with what a model computes. */
export const isPlain = ({ callsBack, timer, throws }: NativeCallee): boolean =>
  callsBack !== true && timer !== true && throws !== true;

/** A global data section. */
export interface NativeData {
  readonly address: U64;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** A program array: by index, the subprog where a program starts. */
export interface NativeProgArray {
  readonly address: U64;
  readonly programs: readonly (number | null)[];
}

/** What the runner needs to know of the program an image was made of. */
export interface NativeSubject {
  /** By subprog index: the arguments it takes. */
  readonly subprogs: readonly { readonly args: number }[];
  readonly callees: readonly NativeCallee[];
  readonly data: readonly NativeData[];
  /** @defaultValue none */
  readonly progArrays?: readonly NativeProgArray[] | undefined;
  /** Subprog that goes on where something throws. @defaultValue none */
  readonly exceptionCallback?: number | undefined;
}

export interface RunImageOptions {
  /** Basic blocks the guest may run. */
  readonly fuel: number;
  /** Events to keep; later ones are counted. @defaultValue 100_000 */
  readonly traceLimit?: number;
  /**
   * By number of the call of a helper or a kfunc: bit i says that argument i + 1 is defined. The model gets
   * the others as undefined; calls past the end have all arguments defined.
   */
  readonly argMasks?: ArrayLike<number>;
  /**
   * What the reference did, if it came to its exit: where the image keeps to its calls and models are the default
   * ones, the guest is not stopped at each; memory it leaves as the reference does is the reference's.
   */
  readonly expected?: Expected | undefined;
  /** Whether events show the bytes of BPF stack frames. @defaultValue false */
  readonly stackBytes?: boolean;
  /**
   * Called before each native instruction of the image, with the state there; false ends the run. Slow: for
   * lock-step runs.
   */
  readonly onStep?: (step: NativeStep) => boolean;
}
