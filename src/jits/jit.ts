/** A JIT that is not ours: where images come from when they are made elsewhere. */
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import type { CompileInput } from './request.ts';

export interface Jit {
  /** As reports name it. */
  readonly name: string;
  /**
   * Compiles a program; synchronous, like all that a fuzz worker does with a case. Throws an `input` error if the
   * JIT declines it, and a `jit` error if it died, was late or answered nonsense; the next program finds it well
   * again. Throws a `usage` error if it cannot be started at all.
   */
  compile(program: Program, input: CompileInput): Image;
  /** Ends what it started. */
  close(): void;
}
