/** Dumps with offsets: xxd, hexdump (plain and -C), od -x and -tx1. */
import { badInput } from '../core/errors.ts';

const LINE = /^([0-9a-f]{7,16})(:?)(?:\s+(.*))?$/i;

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');

/** Does every line begin with an offset (or say `*`)? */
export function isHexDump(text: string): boolean {
  const lines = linesOf(text);
  const [first] = lines;
  return (
    first !== undefined &&
    /^0{7,16}:?\s/.test(first) &&
    lines.every((line) => line.trim() === '*' || LINE.test(line))
  );
}

/** The bytes. Throws an `input` error where lines are missing. */
export function readHexDump(text: string, name: string): Uint8Array {
  const bytes: number[] = [];
  let radices = [16, 8];
  linesOf(text).forEach((line, index) => {
    const where = `${name}:${index + 1}`;
    const [, offset = '', colon = '', rest = ''] = LINE.exec(line) ?? [];
    if (offset === '') throw badInput('read hex dump', where, '`*` stands for lines left out; dump with -v');
    // od counts in octal, with seven digits; hexdump in hex, also with seven; the others in hex.
    radices = radices.filter(
      (radix) => (radix === 16 || offset.length === 7) && Number.parseInt(offset, radix) === bytes.length,
    );
    if (radices.length === 0) {
      throw badInput(
        'read hex dump',
        where,
        `offset ${offset} after ${bytes.length} bytes: lines are missing`,
      );
    }
    bytes.push(...lineBytes(rest, { bigEndian: colon === ':' }, where));
  });
  return Uint8Array.from(bytes);
}

/** xxd writes a colon and its groups in byte order; groups of hexdump and od are little-endian words. */
function lineBytes(rest: string, { bigEndian }: { readonly bigEndian: boolean }, where: string): number[] {
  const hex = bigEndian ? rest.replace(/\s{2}.*$/, '') : rest.replace(/\|.*$/, '');
  return hex
    .trim()
    .split(/\s+/)
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (!/^(?:[0-9a-f]{2})+$/i.test(group))
        throw badInput('read hex dump', where, `\`${group}\` is not hex bytes`);
      const bytes = (group.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
      return bigEndian ? bytes : bytes.reverse();
    });
}
