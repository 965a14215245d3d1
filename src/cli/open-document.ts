/** A document that a command puts a section into. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { badInput } from '../core/errors.ts';

export interface OpenedDocument {
  readonly path: string;
  readonly text: string;
}

/** What is in a document, found to be writable before anything is run; empty if there is none yet. */
export function openDocument(path: string): OpenedDocument {
  try {
    const exists = existsSync(path);
    accessSync(exists ? path : dirname(path), constants.W_OK);
    return { path, text: exists ? readFileSync(path, 'utf8') : '' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badInput('write', path, `${why}; name a file that can be written`, { cause: error });
  }
}
