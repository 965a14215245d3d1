import { describe, expect, it } from 'vitest';
import { iced } from '../../src/x86/iced.ts';
import { insnLayout } from '../../src/x86/insn-length.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('insnLayout', () => {
  it.each([
    ['f3 0f 1e fa', 4, true], // endbr64
    ['0f 1f 44 00 00', 5, true], // nop
    ['c3', 1, true],
    ['48 89 e5', 3, true],
    ['49 8b 44 24 08', 5, true], // mov rax, [r12 + 8]
    ['48 b8 01 02 03 04 05 06 07 08', 10, true],
    ['66 c7 07 34 12', 5, true], // mov word [rdi], 0x1234
    ['48 8b 05 00 00 00 00', 7, false], // mov rax, [rip]
    ['e8 00 00 00 00', 5, false],
    ['eb 00', 2, false],
    ['0f 84 00 00 00 00', 6, false],
    ['ff d0', 2, false], // call rax
    ['ff e0', 2, true], // jmp rax
    ['c4 e2 f1 f7 c2', 5, true], // shlx
  ])('%s: %i bytes, movable %s', (hex, length, movable) => {
    expect(insnLayout(bytesOf(hex))).toEqual({ length, movable });
  });

  it('is undefined where the bytes end too early', () => {
    expect(insnLayout(bytesOf('48'))).toBeUndefined();
    expect(insnLayout(bytesOf('48 b8 01'))).toBeUndefined();
    expect(insnLayout(bytesOf('48 8b'))).toBeUndefined();
    expect(insnLayout(new Uint8Array(0))).toBeUndefined();
  });

  it.each([
    'f3 0f 1e fa',
    '66 f2 48 8b 04 25 01 02 03 04', // [disp32] through a SIB byte
    '0f 38 f1 04 24', // movbe [rsp], eax
    '66 0f 3a 0f c1 08', // palignr
    'c5 f8 77', // vzeroupper
    'c4 e1 78 58 c1', // vaddps
    'c4 e2 f1 f7 c2',
    'c4 e3 79 0f c1 08', // vpalignr
  ])('knows %s, and no part of it', (hex) => {
    const bytes = bytesOf(hex);
    expect(insnLayout(bytes)?.length).toBe(bytes.length);
    for (let end = 0; end < bytes.length; end++) expect(insnLayout(bytes.subarray(0, end))).toBeUndefined();
  });

  it('knows no VEX map but 0F, 0F 38 and 0F 3A', () => {
    expect(insnLayout(bytesOf('c4 e0 79 58 c1 08'))).toBeUndefined();
    expect(insnLayout(bytesOf('c4 e5 79 58 c1 08'))).toBeUndefined();
  });

  it('agrees with iced-x86 on random bytes, and knows most of what is there', () => {
    const { Decoder, DecoderOptions, FlowControl, Instruction } = iced();
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed >>> 16;
    };
    const insn = new Instruction();
    let valid = 0;
    let unknown = 0;
    for (let k = 0; k < 100_000; k++) {
      const bytes = Uint8Array.from({ length: 15 }, () => random());
      if (k % 2 === 0) bytes[0] = 0x48 | (random() & 7);
      const decoder = new Decoder(64, bytes, DecoderOptions.None);
      decoder.decodeOut(insn);
      decoder.free();
      if (insn.isInvalid) continue;
      valid++;
      const got = insnLayout(bytes);
      if (got === undefined) {
        unknown++;
        continue;
      }
      const { Next, Return, IndirectBranch, Interrupt, Exception, Call } = FlowControl;
      const flows = [Next, Return, IndirectBranch, Interrupt, Exception, Call];
      const isCall = insn.flowControl === Call && /^ff|^e8|^9a/.test(Buffer.from(bytes).toString('hex'));
      const movable = flows.includes(insn.flowControl) && !isCall && !insn.isIpRelMemoryOperand;
      const hex = Buffer.from(bytes).toString('hex');
      if (got.length !== insn.length || (got.movable && !movable)) {
        expect(`${hex} ${got.length} ${got.movable}`).toBe(`${hex} ${insn.length} ${movable}`);
      }
    }
    expect(valid).toBeGreaterThan(50_000);
    expect(unknown / valid).toBeLessThan(0.1);
  });
});
