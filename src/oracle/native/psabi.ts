/**
 * Where a C compiler passes arguments: psABI §3.2.3, read clause by clause, and apart from how any JIT counts. All types
 * here are of class INTEGER in each of their eightbytes.
 */
import type { ArgPlace } from '../../core/image.ts';
import type { NativeType } from '../../core/native.ts';

/** "the next available register of the sequence %rdi, %rsi, %rdx, %rcx, %r8 and %r9 is used", by their numbers. */
const SEQUENCE = [7, 6, 2, 1, 8, 9] as const;
const EIGHTBYTE = 8;

/** For each argument the places of its eightbytes; a stack index counts eightbytes from [rsp + 8] at entry. */
export function placesOf(args: readonly NativeType[]): ArgPlace[][] {
  const available: number[] = [...SEQUENCE];
  let stackBytes = 0;
  return args.map((type) => {
    const eightbytes = Math.ceil(type.bytes / EIGHTBYTE);
    // "If there are no registers available for any eightbyte of an argument, the whole argument is passed on the stack."
    if (available.length >= eightbytes)
      return available.splice(0, eightbytes).map((reg): ArgPlace => ({ in: 'reg', reg }));
    // "arguments of type __int128 that are stored in memory must be aligned on a 16-byte boundary"
    stackBytes = Math.ceil(stackBytes / type.align) * type.align;
    const first = stackBytes / EIGHTBYTE;
    // "The size of each argument gets rounded up to eightbytes."
    stackBytes += eightbytes * EIGHTBYTE;
    return Array.from({ length: eightbytes }, (_, k): ArgPlace => ({ in: 'stack', index: first + k }));
  });
}

/** One eightbyte of an argument: where it is, and how many of its low bytes belong to the argument. */
export interface Eightbyte {
  readonly place: ArgPlace;
  readonly bytes: number;
  /** Bytes of the whole argument. */
  readonly argBytes: number;
}

/** In the order of the arguments. What lies above an argument's bytes is undefined. */
export const eightbytesOf = (args: readonly NativeType[]): Eightbyte[] =>
  placesOf(args).flatMap((places, k) => {
    const { bytes } = args[k] as NativeType;
    return places.map((place, i) => ({
      place,
      bytes: Math.min(EIGHTBYTE, bytes - EIGHTBYTE * i),
      argBytes: bytes,
    }));
  });
