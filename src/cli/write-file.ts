/** Writing what the user asked for to a file. */
import { writeFileSync } from 'node:fs';
import { badInput } from '../core/errors.ts';

/** Replaces the file. Throws an `input` error that names it. */
export function writeFile(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badInput('write', path, `${why}; name a file that can be written`, { cause: error });
  }
}
