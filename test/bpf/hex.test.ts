import { describe, expect, it } from 'vitest';
import { isHex, readHex, splitFuzzerInput } from '../../src/bpf/hex.ts';

/** mov %r0, 1; exit */
const WANT = Uint8Array.of(0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
/** mov %r0, -1; exit */
const MINUS = Uint8Array.of(0xb7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0, 0, 0);

const XXD = `00000000: b700 0000 0100 0000 9500 0000 0000 0000  ................
`;
const HEXDUMP = `0000000 00b7 0000 0001 0000 0095 0000 0000 0000
0000010
`;
const HEXDUMP_C = `00000000  b7 00 00 00 01 00 00 00  95 00 00 00 00 00 00 00  |........|.......|
00000010
`;
const OD = `0000000 b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00
0000020
`;

describe('readHex', () => {
  it.each([
    ['spaced bytes', 'b7 00 00 00 01 00 00 00\n95 00 00 00 00 00 00 00\n', WANT],
    [
      'bytes with 0x and commas',
      '0xb7,0x0,0,0,1,0,0,0,0x95,0,0,0,0,0,0,0'.replace(/\b(\d)\b/g, '0x$1').replace('0x0xb7', '0xb7'),
      WANT,
    ],
    ['contiguous', 'b7000000010000009500000000000000', WANT],
    ['contiguous, an instruction a line', 'b700000001000000\n9500000000000000\n', WANT],
    ['contiguous with 0x', '0xb7000000010000009500000000000000', WANT],
    ['xxd -p, split anywhere', 'b70000000100\n00009500000000000000\n', WANT],
    [
      'a C string',
      '"\\xb7\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x95\\x00\\x00\\x00\\x00\\x00\\x00\\x00"',
      WANT,
    ],
    ['words', '0x00000001000000b7\n0x0000000000000095 # exit\n', WANT],
    ['short words', '0x1000000b7 0x95', WANT],
    ['words without 0x', '00000001000000b7\n0000000000000095\n', WANT],
    ['bytes with 0x before each eight', '0xb700000001000000 0x9500000000000000', WANT],
    ['xxd', XXD, WANT],
    ['hexdump', HEXDUMP, WANT],
    ['hexdump -C', HEXDUMP_C, WANT],
    ['od -tx1', OD, WANT],
    ['od -x', HEXDUMP.replace('0000010', '0000020'), WANT],
    ['a list of struct bpf_insn', '{ 0xb7, 0, 0, 0, -1 }, { 0x95, 0, 0, 0, 0 },', MINUS],
    [
      'a declared list',
      'struct bpf_insn prog[] = {\n  { 0xb7, 0, 0, 0, -1 }, /* r0 = -1 */\n  { 0x95, 0, 0, 0, 0 }, // exit\n};',
      MINUS,
    ],
    [
      'designated fields',
      '{ .code = 0xb7, .dst_reg = BPF_REG_0, .imm = -1 }, { .code = BPF_JMP | BPF_EXIT }',
      MINUS,
    ],
    [
      'BPF_RAW_INSN',
      'BPF_RAW_INSN(BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, -1),\nBPF_RAW_INSN(0x95, 0, 0, 0, 0)',
      MINUS,
    ],
    [
      'an array of bytes',
      'unsigned char p[] = { 0xb7, 0, 0, 0, 1, 0, 0, 0, 149, 0, 0, 0, 0, 0, 0, 0 };',
      WANT,
    ],
    ['an array of words', 'uint64_t p[] = { 0x1000000b7ULL, 0x95 };', WANT],
    ['Base64', 'Base64: twAAAAEAAACVAAAAAAAAAA==', WANT],
    ['bare Base64', 'twAAAAEAAACVAAAAAAAAAA==', WANT],
  ])('reads %s', (_name, text, want) => {
    expect(isHex(text)).toBe(true);
    expect(readHex(text, 'a.hex').bytes).toEqual(want);
  });

  it('reads the fields of BPF_RAW_INSN into their places', () => {
    const text = 'BPF_RAW_INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_PARAMS, BPF_REG_6, -8, 0)';
    expect(readHex(text, 'a').bytes).toEqual(Uint8Array.of(0x7b, 0x6b, 0xf8, 0xff, 0, 0, 0, 0));
  });

  it("reads an input of uBPF's fuzzer, echoed by libFuzzer", () => {
    const input = Uint8Array.of(16, 0, 0, 0, ...WANT, 0xaa, 0xbb);
    const got = readHex(`Base64: ${Buffer.from(input).toString('base64')}`, 'a');
    expect(got.bytes).toEqual(WANT);
    expect(got.memory).toEqual(Uint8Array.of(0xaa, 0xbb));
  });

  it.each([
    ['', 'read hex: a.hex: there is no digit in it'],
    ['b7 00 00', 'read hex: a.hex: 3 bytes are not a whole number of 8-byte instructions'],
    ['b7 0 0 0 1 0 0 0', 'read hex: a.hex: `0` is half a byte; write two digits, or 0x0'],
    [
      'b7 000 00',
      'read hex: a.hex: `000` is neither whole bytes nor a 64-bit word of 0x and up to 16 digits',
    ],
    ['hello, world', 'read hex: a.hex: `hello` is neither hex nor any other shape of a BPF program'],
    ['{ 0xb7, 0, 0 }', 'read C source: a.hex: 3 bytes are not a whole number of 8-byte instructions'],
    [
      '{1,2,3,4},{1,2,3,4}',
      'read C source: a.hex: instruction 0: 4 numbers; an instruction has five: code, dst, src, off, imm',
    ],
    ['{ 0xb7, 16, 0, 0, 0 }', 'read C source: a.hex: instruction 0: dst 16 does not fit its field'],
    [
      '{ 0xb7, DST, 0, 0, 0 }',
      'read C source: a.hex: instruction 0: `DST` is neither a number nor a BPF constant',
    ],
    [
      '{ .opcode = 1, .jt = 2 }',
      'read C source: a.hex: instruction 0: `.jt = 2` is none of code, dst, src, off and imm',
    ],
    [
      'BPF_RAW_INSN(0x95, 0, 0, 0, 0), BPF_EXIT_INSN()',
      'read C source: a.hex: `BPF_EXIT_INSN(…)` is a macro only the C compiler knows; use BPF_RAW_INSN or compile it',
    ],
    [`${XXD}*\n`, 'read hex dump: a.hex:2: `*` stands for lines left out; dump with -v'],
    [`${XXD}00000020: 9500\n`, 'read hex dump: a.hex:2: offset 00000020 after 16 bytes: lines are missing'],
    [
      'Base64: aGVsbG8=',
      "read hex: a.hex: as Base64 it is 5 bytes that are neither a BPF program nor an input of uBPF's fuzzer",
    ],
  ])('refuses %j', (text, want) => {
    expect(() => readHex(text, 'a.hex')).toThrow(want);
  });

  it('refuses digits that make a program both ways', () => {
    // As bytes: r0 = 0x7000000; as a number, the same bytes backwards: r0 += 0xb7000000.
    expect(() => readHex('0xb700000000000007', 'a.hex')).toThrow(
      'read hex: a.hex: the digits make a program both as 64-bit words and as bytes; write the bytes with blanks between them',
    );
  });

  it.each(['r0 = 1\nexit', 'mov %r0, 1\nexit', 'exit', 'call 1\nexit'])('%j is no hex', (text) => {
    expect(isHex(text)).toBe(false);
  });
});

describe('splitFuzzerInput', () => {
  it.each([
    ['too short', Uint8Array.of(8, 0, 0, 0)],
    ['a length that is no multiple of 8', Uint8Array.of(9, 0, 0, 0, ...WANT)],
    ['a length beyond the end', Uint8Array.of(24, 0, 0, 0, ...WANT)],
    ['what is no program', Uint8Array.of(8, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0)],
  ])('refuses %s', (_name, bytes) => {
    expect(splitFuzzerInput(bytes)).toBeUndefined();
  });
});
