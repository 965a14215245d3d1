/** How gcc is asked for the same calls: with the flags that Linux compiles its own C with, as far as they matter here. */
import type { Value } from './call-forms.ts';

/** 8-byte stack alignment, no red zone, no vector registers, each function in a section of its own. */
export const GCC_FLAGS = [
  '-O2',
  '-fno-pic',
  '-mcmodel=kernel',
  '-mno-red-zone',
  '-mno-sse',
  '-mno-mmx',
  '-mpreferred-stack-boundary=3',
  '-fno-asynchronous-unwind-tables',
  '-fcf-protection=none',
  '-ffunction-sections',
  '-falign-functions=1',
] as const;

/** The two ways gcc passes arguments on the stack: it pushes them, or it stores them to an area it keeps for them. */
export const GCC_STYLES = { push: [], store: ['-maccumulate-outgoing-args'] } as const;
export type GccStyle = keyof typeof GCC_STYLES;

/** Machine code of one call, in hex. */
export interface NativeCode {
  readonly style: GccStyle;
  readonly value: Value;
  readonly stackArgs: number;
  readonly caller: string;
  readonly callee: string;
}
