/** Reading the user's files: every refusal says what the file is and what to do. */
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { badInput, type OracleError } from '../core/errors.ts';

/** Larger than any BPF object: a file above this is refused by its size, unread. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Contents of a regular file. Throws an `input` error for anything else, and for an empty one unless allowed. */
export function readFile(
  path: string,
  { empty = 'refused' }: { readonly empty?: 'refused' | 'allowed' } = {},
): Uint8Array {
  const stats = statOf(path);
  if (stats.isDirectory()) {
    throw badInput('read', path, 'is a directory; name its files, or give it to "bpf-oracle conformance"');
  }
  if (!stats.isFile()) throw badInput('read', path, `is ${kindOf(stats)}, not a regular file`);
  if (stats.size > MAX_FILE_BYTES) {
    const limit = MAX_FILE_BYTES / 2 ** 20;
    throw badInput('read', path, `has ${stats.size} bytes; programs of more than ${limit} MiB are not read`);
  }
  if (stats.size === 0 && empty === 'refused') throw badInput('read', path, 'is empty');
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Whether the path names a directory; false if it names nothing. */
export const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Names of a directory's entries, sorted. Throws an `input` error if it is none. */
export function listDirectory(path: string): string[] {
  if (!statOf(path).isDirectory())
    throw badInput('read', path, 'is not a directory; to run a file, "bpf-oracle check"');
  try {
    return readdirSync(path).sort();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file; check the path',
  ENOTDIR: 'a part of the path is a file, not a directory; check the path',
  EACCES: 'permission denied; make it readable for this user',
  ELOOP: 'a symbolic link that leads to itself',
  ENAMETOOLONG: 'the name is too long',
};

function unreadable(path: string, error: unknown): OracleError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = error instanceof Error ? error.message : String(error);
  return badInput('read', path, REASONS[code] ?? told, { cause: error });
}
