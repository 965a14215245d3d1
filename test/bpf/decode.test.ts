import { describe, expect, it } from 'vitest';
import { decode } from '../../src/bpf/decode.ts';
import { OracleError } from '../../src/core/errors.ts';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('decode', () => {
  // biome-ignore format: a table
  it.each([
    ['b7 01 00 00 ff ff ff ff', { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: 1, src: 0, imm: -1 }],
    ['3c 21 01 00 00 00 00 00', { kind: 'alu', op: 'sdiv', width: 32, source: 'X', dst: 1, src: 2, imm: 0 }],
    ['97 0a 01 00 07 00 00 00', { kind: 'alu', op: 'smod', width: 64, source: 'K', dst: 10, src: 0, imm: 7 }],
    ['87 03 00 00 00 00 00 00', { kind: 'alu', op: 'neg', width: 64, source: 'K', dst: 3, src: 0, imm: 0 }],
    ['bf 21 20 00 00 00 00 00', { kind: 'movsx', width: 64, bits: 32, dst: 1, src: 2 }],
    ['bc 21 08 00 00 00 00 00', { kind: 'movsx', width: 32, bits: 8, dst: 1, src: 2 }],
    ['dc 01 00 00 10 00 00 00', { kind: 'swap', op: 'be', bits: 16, dst: 1 }],
    ['d4 01 00 00 40 00 00 00', { kind: 'swap', op: 'le', bits: 64, dst: 1 }],
    ['d7 01 00 00 20 00 00 00', { kind: 'swap', op: 'bswap', bits: 32, dst: 1 }],
    ['79 a1 f8 ff 00 00 00 00', { kind: 'ldx', size: 8, sign: false, dst: 1, src: 10, off: -8 }],
    ['89 21 02 00 00 00 00 00', { kind: 'ldx', size: 2, sign: true, dst: 1, src: 2, off: 2 }],
    ['79 b0 08 00 00 00 00 00', { kind: 'ldx', size: 8, sign: false, dst: 0, src: 11, off: 8 }],
    ['7b 1b f8 ff 00 00 00 00', { kind: 'stx', size: 8, dst: 11, src: 1, off: -8 }],
    ['72 01 03 00 80 00 00 00', { kind: 'st', size: 1, dst: 1, off: 3, imm: 128 }],
    ['db 21 f8 ff f1 00 00 00', { kind: 'atomic', op: 'cmpxchg', size: 8, dst: 1, src: 2, off: -8 }],
    ['d3 21 00 00 00 01 00 00', { kind: 'atomic', op: 'load_acquire', size: 1, dst: 1, src: 2, off: 0 }],
    ['05 00 ff 7f 00 00 00 00', { kind: 'ja', width: 16, off: 32767 }],
    ['06 00 00 00 00 00 01 00', { kind: 'ja', width: 32, off: 65536 }],
    ['56 01 fe ff 00 00 00 80', { kind: 'jcc', op: 'jne', width: 32, source: 'K', dst: 1, src: 0, imm: -2147483648, off: -2 }],
    ['e5 00 02 00 00 00 00 00', { kind: 'may_goto', off: 2 }],
    ['85 20 03 00 07 00 00 00', { kind: 'call', target: 'kfunc', imm: 7, off: 3 }],
    ['85 10 00 00 fe ff ff ff', { kind: 'call', target: 'local', imm: -2, off: 0 }],
    ['8d 06 00 00 00 00 00 00', { kind: 'callx', dst: 6 }],
    ['50 20 00 00 04 00 00 00', { kind: 'ld_ind', size: 1, src: 2, imm: 4 }],
  ])('%s', (hex, want) => {
    expect(decode(bytesOf(hex))).toEqual([want]);
  });

  it('reads a wide instruction as two slots', () => {
    expect(decode(bytesOf('18 13 00 00 ff ff ff ff 00 00 00 00 01 00 00 80'))).toEqual([
      { kind: 'lddw', dst: 3, src: 1, imm: 0x8000_0001_ffff_ffffn },
      undefined,
    ]);
  });

  it('reads a view into a larger buffer', () => {
    const bytes = bytesOf('ff 95 00 00 00 00 00 00 00').subarray(1);
    expect(decode(bytes)).toEqual([{ kind: 'exit' }]);
  });
});

describe('decode refuses', () => {
  // biome-ignore format: a table
  it.each([
    ['',                        'decode: program: it has no instructions'],
    ['95 00 00',                'decode: program: 3 bytes is not a whole number of 8-byte instructions'],
    ['18 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x18): opcode is 0x18: the second half of the wide instruction is missing'],
    // no such opcode
    ['00 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x00): opcode is 0x00: no such instruction'],
    ['e4 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xe4): opcode is 0xe4: no such instruction'],
    ['ff 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xff): opcode is 0xff: no such instruction'],
    ['8f 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x8f): opcode is 0x8f: no such instruction'],
    ['df 00 00 00 10 00 00 00', 'decode: insn 0 (opcode 0xdf): opcode is 0xdf: no such instruction'],
    ['0d 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x0d): opcode is 0x0d: no such instruction'],
    ['86 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x86): opcode is 0x86: no such instruction'],
    ['96 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x96): opcode is 0x96: no such instruction'],
    ['e6 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xe6): opcode is 0xe6: no such instruction'],
    ['ed 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xed): opcode is 0xed: no such instruction'],
    ['f5 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xf5): opcode is 0xf5: no such instruction'],
    ['38 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x38): opcode is 0x38: no such instruction'],
    ['99 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x99): opcode is 0x99: no such instruction'],
    ['c2 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xc2): opcode is 0xc2: no such instruction'],
    ['cb 00 00 00 01 00 00 00', 'decode: insn 0 (opcode 0xcb): opcode is 0xcb: no such instruction'],
    // reserved fields
    ['0f 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x0f): imm is 0x01: this field is reserved and must be 0'],
    ['07 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x07): src is 2: this field is reserved and must be 0'],
    ['07 01 01 00 01 00 00 00', 'decode: insn 0 (opcode 0x07): off is 1: this field is reserved and must be 0'],
    ['37 01 02 00 01 00 00 00', 'decode: insn 0 (opcode 0x37): off is 2: this field is reserved and must be 0'],
    ['87 01 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x87): imm is 0x01: this field is reserved and must be 0'],
    ['87 21 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x87): src is 2: this field is reserved and must be 0'],
    ['b7 01 08 00 00 00 00 00', 'decode: insn 0 (opcode 0xb7): off is 8: this field is reserved and must be 0'],
    ['bf 21 08 00 01 00 00 00', 'decode: insn 0 (opcode 0xbf): imm is 0x01: this field is reserved and must be 0'],
    ['bf 21 07 00 00 00 00 00', 'decode: insn 0 (opcode 0xbf): off is 7: movsx to 64 bits takes 8, 16, 32'],
    ['bc 21 20 00 00 00 00 00', 'decode: insn 0 (opcode 0xbc): off is 32: movsx to 32 bits takes 8, 16'],
    ['dc 01 00 00 08 00 00 00', 'decode: insn 0 (opcode 0xdc): imm is 0x08: a byte swap takes 16, 32 or 64'],
    ['dc 21 00 00 10 00 00 00', 'decode: insn 0 (opcode 0xdc): src is 2: this field is reserved and must be 0'],
    ['d7 01 01 00 10 00 00 00', 'decode: insn 0 (opcode 0xd7): off is 1: this field is reserved and must be 0'],
    ['18 01 01 00 00 00 00 00 00 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x18): off is 1: this field is reserved and must be 0'],
    ['18 71 00 00 00 00 00 00 00 00 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x18): src is 7: lddw takes 0 to 6'],
    ['18 01 00 00 00 00 00 00 95 00 00 00 00 00 00 00', 'decode: insn 1 (opcode 0x95): opcode is 0x95: this field is reserved and must be 0'],
    ['18 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00', 'decode: insn 1 (opcode 0x00): dst is 1: this field is reserved and must be 0'],
    ['18 01 00 00 00 00 00 00 00 10 00 00 00 00 00 00', 'decode: insn 1 (opcode 0x00): src is 1: this field is reserved and must be 0'],
    ['18 01 00 00 00 00 00 00 00 00 01 00 00 00 00 00', 'decode: insn 1 (opcode 0x00): off is 1: this field is reserved and must be 0'],
    ['61 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x61): imm is 0x01: this field is reserved and must be 0'],
    ['81 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x81): imm is 0x01: this field is reserved and must be 0'],
    ['63 21 00 00 ff ff ff ff', 'decode: insn 0 (opcode 0x63): imm is -1: this field is reserved and must be 0'],
    ['62 21 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x62): src is 2: this field is reserved and must be 0'],
    ['c3 21 00 00 02 00 00 00', 'decode: insn 0 (opcode 0xc3): imm is 0x02: no such atomic operation'],
    ['c3 21 00 00 e0 00 00 00', 'decode: insn 0 (opcode 0xc3): imm is 0xe0: no such atomic operation'],
    ['20 01 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x20): dst is 1: this field is reserved and must be 0'],
    ['20 20 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x20): src is 2: this field is reserved and must be 0'],
    ['50 20 01 00 00 00 00 00', 'decode: insn 0 (opcode 0x50): off is 1: this field is reserved and must be 0'],
    ['05 01 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x05): dst is 1: this field is reserved and must be 0'],
    ['05 10 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x05): src is 1: this field is reserved and must be 0'],
    ['05 00 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x05): imm is 0x01: this field is reserved and must be 0'],
    ['06 00 01 00 00 00 00 00', 'decode: insn 0 (opcode 0x06): off is 1: this field is reserved and must be 0'],
    ['1d 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x1d): imm is 0x01: this field is reserved and must be 0'],
    ['15 21 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x15): src is 2: this field is reserved and must be 0'],
    ['e5 10 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xe5): src is 1: this field is reserved and must be 0'],
    ['e5 00 00 00 01 00 00 00', 'decode: insn 0 (opcode 0xe5): imm is 0x01: this field is reserved and must be 0'],
    ['85 30 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x85): src is 3: a call takes 0 (helper), 1 (program-local) or 2 (kfunc)'],
    ['85 01 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x85): dst is 1: this field is reserved and must be 0'],
    ['85 00 01 00 01 00 00 00', 'decode: insn 0 (opcode 0x85): off is 1: this field is reserved and must be 0'],
    ['85 10 01 00 01 00 00 00', 'decode: insn 0 (opcode 0x85): off is 1: this field is reserved and must be 0'],
    ['8d 21 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x8d): src is 2: this field is reserved and must be 0'],
    ['8d 01 01 00 00 00 00 00', 'decode: insn 0 (opcode 0x8d): off is 1: this field is reserved and must be 0'],
    ['8d 01 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x8d): imm is 0x01: this field is reserved and must be 0'],
    ['95 01 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x95): dst is 1: this field is reserved and must be 0'],
    ['95 10 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x95): src is 1: this field is reserved and must be 0'],
    ['95 00 01 00 00 00 00 00', 'decode: insn 0 (opcode 0x95): off is 1: this field is reserved and must be 0'],
    ['95 00 00 00 01 00 00 00', 'decode: insn 0 (opcode 0x95): imm is 0x01: this field is reserved and must be 0'],
    // registers
    ['07 0b 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x07): dst is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['bf b1 00 00 00 00 00 00', 'decode: insn 0 (opcode 0xbf): src is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['61 b1 08 00 00 00 00 00', 'decode: insn 0 (opcode 0x61): src is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['63 1b f8 ff 00 00 00 00', 'decode: insn 0 (opcode 0x63): dst is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['81 b1 08 00 00 00 00 00', 'decode: insn 0 (opcode 0x81): src is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['db 1b f8 ff 00 00 00 00', 'decode: insn 0 (opcode 0xdb): dst is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['7b bb f8 ff 00 00 00 00', 'decode: insn 0 (opcode 0x7b): src is 11: r11 is only the base of 8-byte loads and stores of stack arguments'],
    ['79 d1 08 00 00 00 00 00', 'decode: insn 0 (opcode 0x79): src is 13: registers are 0 to 10'],
    ['1d f1 00 00 00 00 00 00', 'decode: insn 0 (opcode 0x1d): src is 15: registers are 0 to 10'],
    ['b7 01 00 00 00 00 00 00 95 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00', 'decode: insn 2 (opcode 0x00): opcode is 0x00: no such instruction'],
  ])('%s', (hex, want) => {
    let got: unknown;
    try {
      decode(bytesOf(hex));
    } catch (error) {
      got = error;
    }
    expect(got).toBeInstanceOf(OracleError);
    expect((got as OracleError).message).toBe(want);
    expect((got as OracleError).kind).toBe('input');
  });
});
