/** Writing what the user asked for to a file. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { badInput } from '../core/errors.ts';

/** Replaces the file. Throws an `input` error that names it. */
export function writeFile(path: string, content: string | Uint8Array): void {
  attempt(path, () => writeFileSync(path, content));
}

/** Adds to the end of a file. Throws an `input` error that names it. */
export function appendFile(path: string, content: string): void {
  attempt(path, () => appendFileSync(path, content));
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badInput('write', path, `${why}; name a file that can be written`, { cause: error });
  }
}

/** As writeFile; the file is whole at any time: the old one, then the new one. */
export function replaceFile(file: string, text: string): void {
  const draft = `${file}.tmp`;
  writeFile(draft, text);
  renameSync(draft, file);
}
