/** An Io that keeps what is written. */
import type { Io } from '../../src/cli/io.ts';

export interface FakeIo extends Io {
  /** What was written so far. */
  readonly written: { stdout: string; stderr: string };
}

export function fakeIo(changes: Partial<Pick<Io, 'env' | 'isTerminal'>> & { stdin?: string } = {}): FakeIo {
  const { stdin = '', ...rest } = changes;
  const written = { stdout: '', stderr: '' };
  return {
    stdout: (text) => {
      written.stdout += text;
    },
    stderr: (text) => {
      written.stderr += text;
    },
    stdin: () => new TextEncoder().encode(stdin),
    env: {},
    isTerminal: false,
    ...rest,
    written,
  };
}
