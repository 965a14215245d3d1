/** Prologues as DPDK 22.11 writes them. */
import { describe, expect, it } from 'vitest';
import { frameOf } from '../../../src/jits/dpdk/prologue.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('frameOf', () => {
  // biome-ignore format: a table
  it.each([
    ['nothing to save',             '48 c7 c0 05 00 00 00 c3',                                                   { fp: 0,  stack: 0,    hasFp: false, end: 0 }],
    ['rbx alone',                   '48 83 ec 08  48 89 5c 24 00  b8 01 00 00 00 c3',                            { fp: 8,  stack: 0,    hasFp: false, end: 9 }],
    ['rbp, 8 bytes of stack',       '48 83 ec 08  48 89 6c 24 00  48 89 e5  48 83 ec 08  c3',                    { fp: 8,  stack: 8,    hasFp: true, end: 16 }],
    ['rbx, r13, rbp, 512 of stack', '48 83 ec 18  48 89 5c 24 00  4c 89 6c 24 08  48 89 6c 24 10  48 89 e5  48 81 ec 00 02 00 00', { fp: 24, stack: 512, hasFp: true, end: 29 }],
    ['cut off',                     '48 83 ec 08  48 89 6c 24 00  48 89 e5  48 81 ec',                           { fp: 8,  stack: 0,    hasFp: true, end: 9 }],
    ['empty',                       '',                                                                          { fp: 0,  stack: 0,    hasFp: false, end: 0 }],
  ])('%s', (_, code, frame) => {
    expect(frameOf(bytes(code))).toEqual(frame);
  });
});
