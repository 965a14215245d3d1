/** What a command sees of the system it runs on; tests hand in their own. */
import { readFileSync } from 'node:fs';

export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  /** All of standard input. */
  stdin(): Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Its width in characters, if it is one. */
  readonly columns?: number | undefined;
  /** Whether standard error is one, so that a line on it can be redrawn. */
  readonly isErrorTerminal?: boolean;
}

/** The process's own. */
export function processIo(): Io {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: () => readFileSync(0),
    env: process.env,
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns,
    isErrorTerminal: process.stderr.isTTY === true,
  };
}

/** Colours on terminals, unless NO_COLOR is set (no-color.org); FORCE_COLOR asks for them anywhere. */
export function wantsColor({ env, isTerminal }: Io): boolean {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  if (isSet('NO_COLOR')) return false;
  return isTerminal || isSet('FORCE_COLOR');
}
