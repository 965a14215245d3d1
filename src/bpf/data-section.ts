/** A data section as a line of text, as in `# oracle: data .rodata 0x35d180002000 r 00ff…` of a `.data` file. */
import { badInput } from '../core/errors.ts';
import { PAGE_SIZE } from '../core/layout.ts';
import { hex } from '../core/u64.ts';
import type { DataSection } from './program.ts';

const LINE = /^(\S+)\s+(0x[0-9a-f]{1,16})\s+(rw|r)(?:\s+((?:[0-9a-f]{2})+))?$/i;

/** Name, address, `r` or `rw`, bytes. */
export function dataSectionText({ name, address, bytes, writable }: DataSection): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${name} ${hex(address)} ${writable ? 'rw' : 'r'} ${digits}`.trimEnd();
}

/** Throws an `input` error; `where` is named in it. */
export function parseDataSection(text: string, where: string): DataSection {
  const [, name, address, access, digits = ''] = LINE.exec(text.trim()) ?? [];
  if (name === undefined || address === undefined) {
    const why = `\`${text.slice(0, 60)}\` is not a data section; it looks like .data 0x35d180000000 rw 00ff`;
    throw badInput('read data section', where, why);
  }
  if (BigInt(address) % BigInt(PAGE_SIZE) !== 0n) {
    const why = `${name} at ${address} does not start a page (a multiple of ${hex(PAGE_SIZE)})`;
    throw badInput('read data section', where, why);
  }
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return { name, address: BigInt(address), bytes, writable: access?.toLowerCase() === 'rw' };
}
