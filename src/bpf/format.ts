/** Which of the formats of load.ts a file has: by its first bytes, then by its extension, then by its text. */
import { badInput, OracleError } from '../core/errors.ts';
import { isElf } from './elf.ts';
import { isHex } from './hex.ts';
import { isListing } from './listing.ts';

/** Names `format` takes. */
export const LOAD_FORMATS = ['elf', 'bin', 'hex', 'asm', 'listing', 'data'] as const;

export type LoadFormat = (typeof LOAD_FORMATS)[number];

/** What an extension says; absent ones say nothing. `text`: hex, listing or assembly, by content. */
const EXTENSIONS: ReadonlyMap<string, LoadFormat | 'text'> = new Map([
  ['o', 'elf'],
  ['bin', 'bin'],
  ['raw', 'bin'],
  ['data', 'data'],
  ['hex', 'text'],
  ['s', 'text'],
  ['asm', 'text'],
  ['txt', 'text'],
  ['lst', 'text'],
  ['json', 'text'],
]);

/** `format` if it is given. Throws a `usage` error if there is no such format. */
export function detectFormat(
  bytes: Uint8Array,
  { fileName, format }: { readonly fileName: string; readonly format?: string },
): LoadFormat {
  if (format !== undefined) return namedFormat(format, fileName);
  if (isElf(bytes)) return 'elf';
  const byName = EXTENSIONS.get(/\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '');
  if (byName !== undefined && byName !== 'text') return byName;
  if (byName === undefined && isBinary(bytes)) return 'bin';
  return textFormat(textOf(bytes, fileName));
}

function namedFormat(format: string, fileName: string): LoadFormat {
  const found = LOAD_FORMATS.find((name) => name === format);
  if (found !== undefined) return found;
  const why = `no such format \`${format}\`; formats are ${LOAD_FORMATS.join(', ')}`;
  throw new OracleError('usage', { what: 'read program', where: fileName, why });
}

/** A control character that no text has. */
const isBinary = (bytes: Uint8Array): boolean =>
  bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d);

function textFormat(text: string): LoadFormat {
  if (/^--\s*(?:asm|raw|mem|result|error)\b/m.test(text)) return 'data';
  if (isListing(text)) return 'listing';
  return isHex(text) ? 'hex' : 'asm';
}

/** The bytes as text. Throws an `input` error if they are none. */
export function textOf(bytes: Uint8Array, fileName: string): string {
  const problem = 'the file is not text (UTF-8); name its format if it is another one';
  if (isBinary(bytes)) throw badInput('read program', fileName, problem);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badInput('read program', fileName, problem, { cause });
  }
}
