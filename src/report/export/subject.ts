/** What is exported: a program with all that its run depends on, and who can run and compile it. */
import type { ConventionName } from '../../bpf/calling.ts';
import type { Program } from '../../bpf/program.ts';
import type { Env, FramePlacement } from '../../core/env.ts';
import type { Execution } from '../../core/execution.ts';
import type { Image } from '../../core/image.ts';
import type { U64 } from '../../core/u64.ts';

export interface ExportSubject {
  /** The file it came from. */
  readonly name: string;
  readonly program: Program;
  /** How its stack arguments are to be written. */
  readonly convention: ConventionName;
  readonly env: Env;
  /** r0 that the file states. */
  readonly expected: U64 | undefined;
  /** `# oracle:` lines of a saved case: where it came from, how its JIT was set up. */
  readonly oracle: ReadonlyMap<string, readonly string[]>;
  /** What runs it again. */
  readonly replay: string;
  /** The reference. */
  readonly interpret: (
    program: Program,
    env: Env,
    options?: { readonly placement?: FramePlacement },
  ) => Execution;
  /** Compiles it. */
  readonly image: () => Image;
}

/** An export: the text of a file. Throws an `input` error for a program it cannot say. */
export type Exporter = (subject: ExportSubject) => string;
