import { describe, expect, it } from 'vitest';
import { Encoder, encode, encodeWords, fields } from '../../src/bpf/encode.ts';
import type { Insn } from '../../src/bpf/insn.ts';
import { land } from '../../src/bpf/insn-shape.ts';
import { aluImm, ja, jccImm, mayGoto } from '../../src/bpf/make-insn.ts';

const hexOf = (bytes: Uint8Array): string =>
  (Buffer.from(bytes).toString('hex').match(/../g) ?? []).join(' ');

describe('encode', () => {
  // Bytes from llvm-mc-19 --triple=bpf --mcpu=v4 --show-encoding; the last two from linux 880442305a39.
  // biome-ignore format: a table
  it.each<[Insn, string]>([
    [{ kind: 'alu', op: 'add', width: 64, source: 'K', dst: 1, src: 0, imm: -5 },   '07 01 00 00 fb ff ff ff'],
    [{ kind: 'alu', op: 'sdiv', width: 32, source: 'K', dst: 1, src: 0, imm: 5 },   '34 01 01 00 05 00 00 00'],
    [{ kind: 'alu', op: 'neg', width: 32, source: 'K', dst: 1, src: 0, imm: 0 },    '84 01 00 00 00 00 00 00'],
    [{ kind: 'alu', op: 'mov', width: 64, source: 'X', dst: 9, src: 10, imm: 0 },   'bf a9 00 00 00 00 00 00'],
    [{ kind: 'movsx', width: 64, bits: 16, dst: 1, src: 2 },                        'bf 21 10 00 00 00 00 00'],
    [{ kind: 'swap', op: 'bswap', bits: 64, dst: 1 },                               'd7 01 00 00 40 00 00 00'],
    [{ kind: 'ldx', size: 4, sign: true, dst: 0, src: 1, off: 3 },                  '81 10 03 00 00 00 00 00'],
    [{ kind: 'stx', size: 4, dst: 1, src: 2, off: 4 },                              '63 21 04 00 00 00 00 00'],
    [{ kind: 'st', size: 8, dst: 11, off: -8, imm: 6 },                             '7a 0b f8 ff 06 00 00 00'],
    [{ kind: 'atomic', op: 'fetch_xor', size: 4, dst: 10, src: 1, off: -8 },        'c3 1a f8 ff a1 00 00 00'],
    [{ kind: 'ja', width: 32, off: 2 },                                             '06 00 00 00 02 00 00 00'],
    [{ kind: 'jcc', op: 'jset', width: 32, source: 'K', dst: 1, src: 0, imm: 7, off: 1 }, '46 01 01 00 07 00 00 00'],
    [{ kind: 'may_goto', off: -3 },                                                 'e5 00 fd ff 00 00 00 00'],
    [{ kind: 'call', target: 'local', imm: -1, off: 0 },                            '85 10 00 00 ff ff ff ff'],
    [{ kind: 'callx', dst: 1 },                                                     '8d 01 00 00 00 00 00 00'],
    [{ kind: 'exit' },                                                              '95 00 00 00 00 00 00 00'],
    [{ kind: 'ld_ind', size: 1, src: 1, imm: 0 },                                   '50 10 00 00 00 00 00 00'],
    [{ kind: 'atomic', op: 'load_acquire', size: 2, dst: 1, src: 2, off: 0 },       'cb 21 00 00 00 01 00 00'],
    [{ kind: 'atomic', op: 'store_release', size: 8, dst: 1, src: 2, off: 0 },      'db 21 00 00 10 01 00 00'],
  ])('%j', (insn, want) => {
    expect(hexOf(encode([insn]))).toBe(want);
    expect(fields(insn)[0]).toBe(Number.parseInt(want.slice(0, 2), 16));
  });

  it('writes a wide instruction into its two slots', () => {
    const lddw: Insn = { kind: 'lddw', dst: 1, src: 0, imm: 0x1234_5678_9abc_def0n };
    expect(hexOf(encode([lddw, undefined, { kind: 'exit' }]))).toBe(
      '18 01 00 00 f0 de bc 9a 00 00 00 00 78 56 34 12 95 00 00 00 00 00 00 00',
    );
  });

  it('leaves nothing of a longer program, in whatever block it writes', () => {
    const encoder = new Encoder();
    const wide: Insn = { kind: 'lddw', dst: 9, src: 4, imm: 0xffff_ffff_ffff_ffffn };
    const exit: Insn = { kind: 'exit' };
    const long = Array.from({ length: 600 }, () => [wide, undefined]).flat();
    for (const slots of [[exit], long, [undefined, exit, undefined], [wide, undefined, exit], [exit], []])
      expect([...encoder.encode(slots)]).toEqual([...encodeWords(slots)]);
  });

  it('writes zeros for what is no instruction', () => {
    const none = { kind: 'none' } as unknown as Insn;
    const encoder = new Encoder();
    encoder.encode(Array.from({ length: 3 }, () => aluImm('mov', 1, -1)));
    expect([...encoder.encode([undefined, none, undefined])]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('knows where a jump goes that was made to land when it was made', () => {
    const jumps = [ja(0), ja(0, 32), jccImm('jne', 3, -9, 0, 32), mayGoto(0)];
    for (const off of [7, -2]) {
      for (const jump of jumps) land(jump, off);
      expect(jumps.map((jump) => jump.off)).toEqual(jumps.map(() => off));
      const want = [ja(off), ja(off, 32), jccImm('jne', 3, -9, off, 32), mayGoto(off)];
      expect(encode(jumps)).toEqual(encode(want.map((jump) => ({ ...jump }))));
      expect(encode(jumps)).toEqual(encode(want));
    }
  });

  it('writes nothing for nothing', () => {
    expect(encode([])).toEqual(new Uint8Array());
  });
});
