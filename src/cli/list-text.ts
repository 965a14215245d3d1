/** A list of files in a few words. Apart from shard-option.ts, since help needs that and not node:crypto. */
import { createHash } from 'node:crypto';

/** The same for the same files in the same order. */
export const listText = (files: readonly string[]): string =>
  `${files.length} files, sha256 ${createHash('sha256').update(files.join('\0')).digest('hex').slice(0, 16)}`;
