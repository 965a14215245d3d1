import { describe, expect, it } from 'vitest';
import { disassembleNative } from '../../src/x86/disasm.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const BASE = 0x4000_0000n;

describe('disassembleNative', () => {
  it.each([
    ['55', 'push %rbp', 'push rbp'],
    ['48 89 e5', 'mov %rsp, %rbp', 'mov rbp, rsp'],
    ['48 8b 45 10', 'mov 0x10(%rbp), %rax', 'mov rax, [rbp+0x10]'],
    ['4c 89 8d 10 ff ff ff', 'mov %r9, -0xf0(%rbp)', 'mov [rbp-0xf0], r9'],
    ['48 be 00 00 00 00 01 00 00 00', 'movabs $0x100000000, %rsi', 'mov rsi, 0x100000000'],
    ['49 bd 01 00 00 00 00 00 00 80', 'movabs $0x8000000000000001, %r13', 'mov r13, 0x8000000000000001'],
    ['48 83 c0 ff', 'add $0xffffffffffffffff, %rax', 'add rax, 0xffffffffffffffff'],
    ['e8 00 00 00 00', 'call 0x40000005', 'call 0x40000005'],
    ['0f 0b', 'ud2', 'ud2'],
    ['06', '(bad)', '(bad)'],
  ])('%s', (code, att, intel) => {
    const read = (syntax: 'att' | 'intel') => disassembleNative(bytes(code), { base: BASE, syntax });
    const length = bytes(code).length;
    expect(read('att')).toEqual([{ offset: 0, length, text: att }]);
    expect(read('intel')).toEqual([{ offset: 0, length, text: intel }]);
  });

  it('starts and ends where it is told; the last instruction may reach past the end', () => {
    const code = bytes('90 b8 05 00 00 00 c3');
    expect(disassembleNative(code, { base: BASE, start: 1, end: 2 })).toEqual([
      { offset: 1, length: 5, text: 'mov $0x5, %eax' },
    ]);
  });

  it('names the targets of jumps and calls it is told a name of', () => {
    const asked: bigint[] = [];
    const symbol = (address: bigint): string | undefined => {
      asked.push(address);
      return address === BASE + 0x100n ? 'main' : undefined;
    };
    const code = bytes('e8 fb 00 00 00 74 f9 c3 06');
    const read = (syntax: 'att' | 'intel') =>
      disassembleNative(code, { base: BASE, syntax, symbol }).map(({ text }) => text);
    expect(read('att')).toEqual(['call main', 'je 0x40000000', 'ret', '(bad)']);
    expect(asked).toEqual([BASE + 0x100n, BASE]);
    expect(read('intel')).toEqual(['call main', 'je short 0x40000000', 'ret', '(bad)']);
  });

  it('writes AT&T syntax unless told otherwise', () => {
    expect(disassembleNative(bytes('48 89 e5'), { base: BASE })).toMatchObject([{ text: 'mov %rsp, %rbp' }]);
  });
});
