import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lower } from '../../src/arb/lower.ts';
import { drawSpec } from '../../src/fuzz/generate.ts';
import { compile } from '../../src/jit/compile.ts';
import { insnLayout } from '../../src/x86/insn-length.ts';
import { plainLength } from '../../src/x86/plain-length.ts';

describe('plainLength', () => {
  // biome-ignore format: one a line
  it.each([
    ['55',                            1, 'push rbp'],
    ['48 89 e5',                      3, 'mov rbp, rsp'],
    ['48 b8 01 02 03 04 05 06 07 08', 10, 'movabs rax, imm64'],
    ['b8 01 02 03 04',                5, 'mov eax, imm32'],
    ['f7 c1 01 02 03 04',             6, 'test ecx, imm32'],
    ['f7 d9',                         2, 'neg ecx'],
    ['f6 c1 01',                      3, 'test cl, imm8'],
    ['48 8b 44 24 08',                5, 'mov rax, [rsp + 8]'],
    ['48 8b 04 25 01 02 03 04',       8, 'mov rax, [disp32]'],
    ['48 8b 80 01 02 03 04',          7, 'mov rax, [rax + disp32]'],
    ['0f b6 c0',                      3, 'movzx eax, al'],
    ['48 8b 05 01 02 03 04',          0, 'mov rax, [rip + disp32]'],
    ['e8 01 02 03 04',                0, 'call rel32'],
    ['74 02',                         0, 'je rel8'],
    ['0f 84 01 02 03 04',             0, 'je rel32'],
    ['ff d8',                         0, 'far call by a register'],
    ['66 89 08',                      0, 'mov [rax], cx'],
    ['c4 e2 f1 f7 c2',                0, 'shlx rax, rdx, rcx'],
    ['48 c7 45 f8 01 02 03 04',       8, 'mov qword [rbp - 8], imm32'],
    ['c7 c1 01 02 03 04',             6, 'mov ecx, imm32'],
    ['c7 f8 01 02 03 04',             0, 'xbegin'],
    ['c7 c8 01 02 03 04',             0, 'C7 /1'],
    ['8f e8 78 01 02',                0, 'XOP'],
    ['48 8b',                         0, 'cut off'],
    ['48 b8 01',                      0, 'cut off in its immediate'],
    ['48',                            0, 'a prefix'],
  ])('%s: %i, %s', (hex, length) => {
    expect(plainLength(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')), 0)).toBe(length);
  });

  it('says what insnLayout says, or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 20 }), fc.boolean(), (random, hasRex) => {
        const bytes = hasRex ? Uint8Array.of(0x40 | ((random[0] ?? 0) & 15), ...random) : random;
        const length = plainLength(bytes, 0);
        if (length > 0) expect(insnLayout(bytes.subarray(0, 15))).toEqual({ length, movable: true });
      }),
      { seed: 1, numRuns: 50_000 },
    );
  });

  it('knows most of what this JIT writes', () => {
    let [plain, all] = [0, 0];
    for (let index = 0; index < 50; index++) {
      const { code } = compile(lower(drawSpec(1, index)).program).image;
      for (let at = 0; at < code.length; all++) {
        const length = plainLength(code, at);
        if (length > 0) plain++;
        const known = insnLayout(code.subarray(at, at + 15))?.length;
        if (known === undefined) break;
        if (length > 0) expect(length).toBe(known);
        at += known;
      }
    }
    expect(plain / all).toBeGreaterThan(0.7);
  });
});
