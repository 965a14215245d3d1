import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { encode } from '../../src/bpf/encode.ts';

const hexOf = (text: string): string =>
  (
    Buffer.from(encode(assemble(text, { dialect: 'mnemonic' }).insns))
      .toString('hex')
      .match(/.{16}/g) ?? []
  ).join(' ');

describe('mnemonic dialect: spellings', () => {
  // biome-ignore format: a table
  it.each([
    ['mov %r0, 1',                 'b700000001000000'],
    ['mov r0, 1',                  'b700000001000000'],
    ['MOV64 r0, 0x1',              'b700000001000000'],
    ['mov %r0 1',                  'b700000001000000'],
    ['mov %r0,1',                  'b700000001000000'],
    ['mov32 %r1, 0xffffffff',      'b4010000ffffffff'],
    ['mov %r1, -1',                'b7010000ffffffff'],
    ['add64 r1, r2',               '0f21000000000000'],
    ['lsh64 r1, 63',               '670100003f000000'],
    ['neg64 r1',                   '8701000000000000'],
    ['neg %r1',                    '8701000000000000'],
    ['bswap16 %r1',                'd701000010000000'],
    ['swap16 %r1',                 'd701000010000000'],
    ['movsx864 %r6, %r5',          'bf56080000000000'],
    ['ldxdw r1, [r10-0x10]',       '79a1f0ff00000000'],
    ['ldxw %r1, [%r2]',            '6121000000000000'],
    ['ldxdw %r1, [%r11+8]',        '79b1080000000000'],
    ['stxdw [%r11-8], %r1',        '7b1bf8ff00000000'],
    ['stdw [%r12-8], 5',           '7a0cf8ff05000000'],
    ['stw [%r1], 5',               '6201000005000000'],
    ['stxw [ %r1 + 4 ], %r2',      '6321040000000000'],
    ['ldxsb %r1, [%r2+1]',         '9121010000000000'],
    ['lddw %r0, 0xfffffffffffffff8', '18000000f8ffffff 00000000ffffffff'],
    ['lddw %r0, -8',               '18000000f8ffffff 00000000ffffffff'],
    ['jeq %r1, 5, +3',             '1501030005000000'],
    ['jne32 %r1, %r2, -1',         '5e21ffff00000000'],
    ['jsge64 r1, r2, +1',          '7d21010000000000'],
    ['ja +0x2',                    '0500020000000000'],
    ['ja32 +70000',                '0600000070110100'],
    ['may_goto +2',                'e500020000000000'],
    ['call 5',                     '8500000005000000'],
    ['call helper 5',              '8500000005000000'],
    ['call local +2',              '8510000002000000'],
    ['call runtime 7',             '8520000007000000'],
    ['call runtime 7, 2',          '8520020007000000'],
    ['call %r2',                   '8d02000000000000'],
    ['call helper %r2',            '8d02000000000000'],
    ['callx r2',                   '8d02000000000000'],
    ['lock add [%r10-8], %r1',     'db1af8ff00000000'],
    ['lock add64 [%r10-8], %r1',   'db1af8ff00000000'],
    ['lock fetch add32 [%r10-4], %r1', 'c31afcff01000000'],
    ['lock xchg [%r10-8], %r1',    'db1af8ffe1000000'],
    ['lock fetch xchg [%r10-8], %r1', 'db1af8ffe1000000'],
    ['lock cmpxchg32 [%r10-8], %r1', 'c31af8fff1000000'],
    ['ldabsb 36',                  '3000000024000000'],
    ['ldindw r1, -4',              '40100000fcffffff'],
    ['ldacqw %r1, [%r2+4]',        'c321040000010000'],
    ['strelb [%r1], %r2',          'd321000010010000'],
    ['exit # done',                '9500000000000000'],
  ])('%s', (text, want) => {
    expect(hexOf(text)).toBe(want);
  });
});

describe('mnemonic dialect: labels', () => {
  it('has a label exit at the first exit', () => {
    expect(hexOf('jeq %r1, 0, exit\nmov %r0, 1\nexit\nmov %r0, 2\nexit')).toBe(
      '1501010000000000 b700000001000000 9500000000000000 b700000002000000 9500000000000000',
    );
  });

  it('lets a label of that name stand before', () => {
    expect(hexOf('ja exit\nexit:\nmov %r0, 1\nexit')).toBe(
      '0500000000000000 b700000001000000 9500000000000000',
    );
  });

  it('names functions that are called', () => {
    const { functionNames, insns } = assemble('call local f\nlddw %r1, f\nexit\nf:\nexit\n');
    expect([...functionNames]).toEqual([[4, 'f']]);
    expect(insns[0]).toEqual({ kind: 'call', target: 'local', imm: 3, off: 0 });
    expect(insns[1]).toEqual({ kind: 'lddw', dst: 1, src: 4, imm: 2n });
  });

  it('takes what is called and not defined for a kfunc, as sbpf for a syscall', () => {
    const { insns, callees } = assemble('mov64 r1, 1\ncall sol_log\nexit');
    expect(insns[1]).toEqual({ kind: 'call', target: 'kfunc', imm: 1, off: 0 });
    expect(callees).toEqual([{ kind: 'kfunc', id: 1, name: 'sol_log', args: undefined }]);
  });
});

describe('which dialect', () => {
  it.each([
    ['call 5\nmov %r0, 1\nexit', 'b700000001000000'],
    ['call 5\nr0 = 1\nexit', 'b700000001000000'],
    ['sub:\nmov r0, 1', 'b700000001000000'],
    ['call 5\nlock add [%r10-8], %r1', 'db1af8ff00000000'],
    ['call 5\nlock *(u64 *)(r10 - 8) += r1', 'db1af8ff00000000'],
    ['call 5\nif r1 > 2 goto +0', '2501000002000000'],
  ])('%j', (text, want) => {
    const bytes = Buffer.from(encode(assemble(text).insns)).toString('hex');
    expect(bytes).toContain(want);
  });
});
