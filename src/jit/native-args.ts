/**
 * Where the words of native arguments are: six registers, then the stack, counted as `save_args()` does. An argument of
 * two words that no longer fits goes to the stack whole, and what comes after it may still get a register.
 *
 * Linux counts stack words one after the other; here an __int128 begins at an even one, where compilers put it.
 */
import { type NativeType, wordsIn } from '../core/native.ts';
import { ARG_REGS } from '../x86/sysv.ts';

/** One eight-byte word of an argument. */
export interface ArgWord {
  readonly in: 'reg' | 'stack';
  /** Which register of ARG_REGS, or which word of the stack. */
  readonly index: number;
  /** Bytes of its argument. */
  readonly bytes: number;
}

/** In the order of the arguments. */
export function argWords(args: readonly NativeType[]): ArgWord[] {
  let regs = 0;
  let stack = 0;
  return args.flatMap((type): ArgWord[] => {
    const count = wordsIn(type);
    const { bytes } = type;
    if (regs + count <= ARG_REGS.length)
      return Array.from({ length: count }, () => ({ in: 'reg', index: regs++, bytes }));
    if (type.align === 16) stack += stack % 2;
    return Array.from({ length: count }, () => ({ in: 'stack', index: stack++, bytes }));
  });
}

/** Words of stack they take, gaps too. */
export const stackWords = (words: readonly ArgWord[]): number =>
  words.reduce((most, word) => (word.in === 'stack' ? Math.max(most, word.index + 1) : most), 0);
