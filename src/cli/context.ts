/** What a command's action gets beside its options. */
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';

export interface Context {
  readonly io: Io;
  /** The command line, without node and script. */
  readonly argv: readonly string[];
  /** Stack traces under errors. */
  readonly debug: boolean;
  /** Where the action leaves its exit code. */
  exitCode: ExitCode;
}
