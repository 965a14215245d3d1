/** What reading a file yields: a program, and what the file says of its input and result. */
import type { Signature } from '../core/native.ts';
import type { ConventionName } from './calling.ts';
import type { Program, Shape } from './program.ts';
import type { RegisterRange } from './reg.ts';

export interface Loaded {
  /** e.g. `fnv.o:entry`, `add.data` */
  readonly name: string;
  readonly program: Program;
  /** Context memory the file asks for. */
  readonly memory?: Uint8Array;
  /** r0 the file states. */
  readonly expected?: bigint;
}

/** Choices of the user that concern reading. */
export interface LoadOptions {
  /** Shown in errors and in `Loaded.name`. */
  readonly fileName: string;
  /** ELF: section and function to take; default the only or first program. */
  readonly section?: string;
  readonly function?: string;
  /** Prototypes by callee or function name: number of arguments. From `--proto` and `# oracle: proto` lines. */
  readonly protos?: ReadonlyMap<string, number>;
  /** Of those with arguments or results of two words: their types. */
  readonly signatures?: ReadonlyMap<string, Signature>;
  /** What the program is written for, where the file does not say. @defaultValue 'linux' */
  readonly convention?: ConventionName;
  /** Whether what no machine could run is refused, or left for the linter to tell of. @defaultValue 'checked' */
  readonly shape?: Shape;
}

/** Registers that instructions of such a program may name. */
export const registersOf = ({ shape }: Pick<LoadOptions, 'shape'>): RegisterRange =>
  shape === 'as-is' ? 'any' : 'general';
