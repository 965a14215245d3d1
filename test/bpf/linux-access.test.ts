/** Accesses and addresses of the verifier's making: bytes, both dialects, and back. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { decode } from '../../src/bpf/decode.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import { encode } from '../../src/bpf/encode.ts';
import { registersRead, registerWritten } from '../../src/bpf/registers.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

// biome-ignore format: a table; modes of include/linux/filter.h
const ROWS = [
  // BPF_PROBE_MEM 0x20, BPF_PROBE_MEMSX 0x40
  ['39 21 f8 ff 00 00 00 00', 'probe r1 = *(u64 *)(r2 - 8)', 'probe ldxdw %r1, [%r2-8]'],
  ['31 21 00 00 00 00 00 00', 'probe w1 = *(u8 *)(r2 + 0)', 'probe ldxb %r1, [%r2]'],
  ['49 90 02 00 00 00 00 00', 'probe r0 = *(s16 *)(r9 + 2)', 'probe ldxsh %r0, [%r9+2]'],
  // BPF_PROBE_MEM32 0xa0, BPF_PROBE_MEM32SX 0xc0, BPF_PROBE_ATOMIC 0xe0
  ['b9 21 08 00 00 00 00 00', 'arena r1 = *(u64 *)(r2 + 8)', 'arena ldxdw %r1, [%r2+8]'],
  ['c1 21 08 00 00 00 00 00', 'arena r1 = *(s32 *)(r2 + 8)', 'arena ldxsw %r1, [%r2+8]'],
  ['b3 21 08 00 00 00 00 00', 'arena *(u8 *)(r1 + 8) = w2', 'arena stxb [%r1+8], %r2'],
  ['ba 01 00 00 fb ff ff ff', 'arena *(u64 *)(r1 + 0) = -5', 'arena stdw [%r1], -5'],
  ['fb 21 08 00 00 00 00 00', 'arena lock *(u64 *)(r1 + 8) += r2', 'arena lock add [%r1+8], %r2'],
  ['e3 21 08 00 f1 00 00 00', 'arena w0 = cmpxchg32_32(r1 + 8, w0, w2)', 'arena lock cmpxchg32 [%r1+8], %r2'],
  ['f3 21 08 00 00 01 00 00', 'arena w1 = load_acquire((u8 *)(r2 + 8))', 'arena ldacqb %r1, [%r2+8]'],
  // BPF_ADDR_PERCPU -1, BPF_ADDR_SPACE_CAST 1
  ['bf 21 ff ff 00 00 00 00', 'r1 = &(void __percpu *)(r2)', 'cast_percpu %r1, %r2'],
  ['bf 21 01 00 01 00 00 00', 'r1 = addr_space_cast(r2, 0, 1)', 'cast_kernel %r1, %r2'],
  ['bf 21 01 00 00 00 01 00', 'r1 = addr_space_cast(r2, 1, 0)', 'cast_user %r1, %r2'],
] as const;

describe.each(ROWS)('%s', (hex, llvm, mnemonic) => {
  const [insn] = decode(bytes(hex));
  if (insn === undefined) throw new Error('no instruction');

  it('is decoded, and encoded to the same bytes', () => {
    expect(encode([insn])).toEqual(bytes(hex));
  });

  it.each([
    ['llvm', llvm],
    ['mnemonic', mnemonic],
  ] as const)('is %s', (dialect, text) => {
    expect(disassemble(insn, { dialect })).toBe(text);
    expect(assemble(`${text}\nexit\n`).insns[0]).toEqual(insn);
    expect(assemble(`exit\n${text}\n`, { dialect }).insns[1]).toEqual(insn);
  });
});

describe('what there is not', () => {
  it.each([
    ['of 8 bytes, sign-extended, as a probe', '59 21 00 00 00 00 00 00'],
    ['of 8 bytes, sign-extended, in an arena', 'd9 21 00 00 00 00 00 00'],
    ['with a mode no load has', 'f9 21 00 00 00 00 00 00'],
    ['a store as a probe', '3b 21 00 00 00 00 00 00'],
    ['a store of an immediate as an atomic', 'fa 01 00 00 00 00 00 00'],
    ['a probe through r11', '39 b1 08 00 00 00 00 00'],
    ['a cast between other spaces', 'bf 21 01 00 02 00 00 00'],
    ['a cast of 32 bits', 'bc 21 01 00 01 00 00 00'],
  ])('%s', (_, hex) => {
    expect(() => decode(bytes(hex))).toThrow(/insn 0/);
  });

  it.each([
    ['probe *(u64 *)(r1 + 0) = r2', '`probe` goes before a load'],
    ['probe stxdw %r1, [%r2]', 'expected'],
    ['arena r1 = *(u64 *)(r11 + 8)', '`arena` goes before a load, a store or an atomic'],
    ['arena *(u64 *)(r11 - 8) = r1', '`arena` goes before a load, a store or an atomic'],
    ['arena r1 += r2', '`arena` goes before a load, a store or an atomic'],
    ['arena r1 = 5 ll', '`arena` goes before a load, a store or an atomic'],
    ['r1 = addr_space_cast(r2, 0, 0)', 'addr_space_cast is from 1 to 0 or from 0 to 1, not from 0 to 0'],
    ['w1 = addr_space_cast(r2, 0, 1)', 'this instruction writes the whole register'],
    ['r1 = &(u64 *)(r2)', 'void'],
  ])('%s', (text, why) => {
    expect(() => assemble(`${text}\nexit\n`)).toThrow(why);
  });

  it('is a label by the name of a prefix', () => {
    expect(assemble('arena:\n  r0 = 1\n  goto arena\n  exit\n').insns).toHaveLength(3);
  });
});

it('casts read one register and write another', () => {
  const [insn] = decode(bytes('bf 21 01 00 00 00 01 00'));
  if (insn === undefined) throw new Error('no instruction');
  expect([registersRead(insn), registerWritten(insn)]).toEqual([[2], 1]);
});
