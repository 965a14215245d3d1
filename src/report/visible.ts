/** Text of unknown origin, made fit for any format: names of files and functions may hold any characters. */

/**
 * What XML cannot hold or a reader cannot see: controls (C0, DEL, C1), line and paragraph separators, marks that
 * turn the direction of writing, zero-width ones, lone surrogates, noncharacters.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Surrogate}|[\p{Noncharacter_Code_Point}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** On one line, with what cannot be shown as an escape: `\n`, `\x1b`, `\u{202e}`. A backslash stays one. */
export const visible = (text: string): string =>
  text.replace(INVISIBLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return (
      SHORT[char] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
    );
  });
