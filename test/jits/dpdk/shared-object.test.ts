/** A shared object made by hand: two functions, one of them elsewhere. */
import { describe, expect, it } from 'vitest';
import { codeSegmentsOf } from '../../../src/jits/dpdk/shared-object.ts';

const EHDR = 64;
const PHDRS = 4;
const CODE_AT = 0x400;

interface Load {
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly memory: number;
}

/** R at 0, code at 0x1000, constants at 0x2000, variables at 0x3000. */
const LOADS: readonly Load[] = [
  { flags: 4, offset: 0, address: 0, size: 0x100, memory: 0x100 },
  { flags: 5, offset: CODE_AT, address: 0x1000, size: 4, memory: 4 },
  { flags: 4, offset: CODE_AT + 4, address: 0x2000, size: 2, memory: 2 },
  { flags: 6, offset: CODE_AT + 6, address: 0x3000, size: 2, memory: 0x10 },
];

function objectOf(loads: readonly Load[]): Uint8Array {
  const file = new Uint8Array(0x600);
  const view = new DataView(file.buffer);
  view.setBigUint64(32, BigInt(EHDR), true);
  view.setUint16(56, loads.length, true);
  loads.forEach(({ flags, offset, address, size, memory }, k) => {
    const at = EHDR + 56 * k;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    for (const [field, word] of [offset, address, 0, size, memory].entries())
      view.setBigUint64(at + 8 + 8 * field, BigInt(word), true);
  });
  file.set([1, 2, 3, 4, 5, 6, 7, 8], CODE_AT);
  const sections = EHDR + 56 * PHDRS;
  view.setBigUint64(40, BigInt(sections), true);
  view.setUint16(60, 2, true);
  section(view, sections, { type: 11, offset: 0x500, size: 48, link: 1 });
  section(view, sections + 64, { type: 3, offset: 0x580, size: 16, link: 0 });
  symbol(view, 0x500, { name: 1, section: 7, value: 0x1002 });
  symbol(view, 0x518, { name: 6, section: 0, value: 0 });
  file.set(Buffer.from('\0here\0else\0'), 0x580);
  return file;
}

function section(
  view: DataView,
  at: number,
  { type, offset, size, link }: Record<'type' | 'offset' | 'size' | 'link', number>,
): void {
  view.setUint32(at + 4, type, true);
  view.setBigUint64(at + 24, BigInt(offset), true);
  view.setBigUint64(at + 32, BigInt(size), true);
  view.setUint32(at + 40, link, true);
}

function symbol(
  view: DataView,
  at: number,
  { name, section: index, value }: Record<'name' | 'section' | 'value', number>,
): void {
  view.setUint32(at, name, true);
  view.setUint8(at + 4, 0x12);
  view.setUint16(at + 6, index, true);
  view.setBigUint64(at + 8, BigInt(value), true);
}

describe('codeSegmentsOf', () => {
  it('lays out code and constants as they lie in memory, and zeros for variables', () => {
    const { bytes, functions } = codeSegmentsOf(objectOf(LOADS), 'lib.so');
    expect(bytes.length).toBe(0x2010);
    expect([...bytes.subarray(0, 5)]).toEqual([1, 2, 3, 4, 0]);
    expect([...bytes.subarray(0x1000, 0x1003)]).toEqual([5, 6, 0]);
    expect([...bytes.subarray(0x2000)]).toEqual(Array(16).fill(0));
    expect([...functions]).toEqual([['here', 2]]);
  });

  it.each([
    ['no code', objectOf(LOADS.slice(0, 1)), /^read: lib.so: no x86-64 library: it has no code/],
    ['nothing', new Uint8Array(), /^read: lib.so: no x86-64 library: /],
    ['cut off', objectOf(LOADS).subarray(0, 0x80), /^read: lib.so: no x86-64 library: /],
  ])('says of %s that it is no library', (_, file, message) => {
    expect(() => codeSegmentsOf(file, 'lib.so')).toThrow(message);
  });
});
