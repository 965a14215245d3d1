/** Bytes as the user writes them: two hex digits each, with or without spaces, `0x` in front at will. */
import { badInput } from '../core/errors.ts';

/** Throws an `input` error that names the offending part; `where` is the option or stream it came from. */
export function parseHex(text: string, where: string): Uint8Array {
  const tokens = text.split(/\s+/).filter((token) => token !== '');
  const digits = tokens.map((token) => {
    const bare = token.replace(/^0x/i, '');
    if (!/^(?:[0-9a-f]{2})+$/i.test(bare)) {
      throw badInput(
        'hex',
        where,
        `"${shorten(token)}" is not hex bytes; write two hex digits for each byte`,
      );
    }
    return bare;
  });
  return Uint8Array.from(Buffer.from(digits.join(''), 'hex'));
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
