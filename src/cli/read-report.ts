/** Reads what `--reporter json` wrote. */
import { type JsonDocument, readDocument } from '../report/documents/read.ts';
import { readFile } from './read-file.ts';

/** Throws an `input` error that names the file. */
export const readReport = (path: string): JsonDocument =>
  readDocument(new TextDecoder().decode(readFile(path)), path);
