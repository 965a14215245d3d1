import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { encode } from '../../src/bpf/encode.ts';

const hexOf = (text: string): string =>
  (
    Buffer.from(encode(assemble(text, { dialect: 'llvm' }).insns))
      .toString('hex')
      .match(/.{16}/g) ?? []
  ).join(' ');

describe('LLVM dialect: spellings', () => {
  // Each assembled alike by llvm-mc-19 --triple=bpf --mcpu=v4.
  // biome-ignore format: a table
  it.each([
    ['r1+=3',                           '0701000003000000'],
    ['R1 = 5',                          'b701000005000000'],
    ['r1 = +5',                         'b701000005000000'],
    ['r1 = 0b11',                       'b701000003000000'],
    ['r1 = 0xFFFFFFFF',                 'b7010000ffffffff'],
    ['r1 = 4294967295',                 'b7010000ffffffff'],
    ['r1 = -0x80000000',                'b701000000000080'],
    ['r1 = (s8) r2',                    'bf21080000000000'],
    ['r1 = -r1',                        '8701000000000000'],
    ['r1=-1',                           'b7010000ffffffff'],
    ['w1<<=3',                          '6401000003000000'],
    ['r1 s>>=r2',                       'cf21000000000000'],
    ['r1%=r2',                          '9f21000000000000'],
    ['r1 = 0x123456789abcdef0 ll',      '18010000f0debc9a 0000000078563412'],
    ['r1 = 18446744073709551615 ll',    '18010000ffffffff 00000000ffffffff'],
    ['r1 = -9223372036854775808 ll',    '1801000000000000 0000000000000080'],
    ['r1 = *(u64*)(r10-8)',             '79a1f8ff00000000'],
    ['r0 = *(u32 *)(r1 + 0x10)',        '6110100000000000'],
    ['w0 = *(u32 *)(r1 + 3)',           '6110030000000000'],
    ['*(u32 *)(r1 + 4) = r2',           '6321040000000000'],
    ['*(u32 *)(r1 + 4) = w2',           '6321040000000000'],
    ['*(u64 *)(r11 - 8) = 6',           '7a0bf8ff06000000'],
    ['*(u16*)(r1+2)=r3',                '6b31020000000000'],
    ['lock *(u64*)(r10-8) += r1',       'db1af8ff00000000'],
    ['lock *(u32 *)(r10 - 8) += r1',    'c31af8ff00000000'],
    ['if r1>3 goto+1',                  '2501010003000000'],
    ['if r1 s>=r2 goto +1',             '7d21010000000000'],
    ['if w1 == -1 goto -2',             '1601feffffffffff'],
    ['if r1 == 0xffffffff goto +0x1',   '15010100ffffffff'],
    ['goto 5',                          '0500050000000000'],
    ['call 0x5',                        '8500000005000000'],
    ['exit; r1 = 5',                    '9500000000000000 b701000005000000'],
  ])('%s', (text, want) => {
    expect(hexOf(text)).toBe(want);
  });

  // print_bpf_insn() of kernel/bpf/disasm.c, and tools that follow it.
  // biome-ignore format: a table
  it.each([
    ['r6 = *(u64 *)(r10 -8)',                            '79a6f8ff00000000'],
    ['r2 = atomic64_fetch_add((u64 *)(r10 -16), r2)',    'db2af0ff01000000'],
    ['r2 = atomic_fetch_or((u32 *)(r10 -16), r2)',       'c32af0ff41000000'],
    ['r0 = atomic64_cmpxchg((u64 *)(r10 -16), r0, r2)',  'db2af0fff1000000'],
    ['r0 = atomic_cmpxchg((u32 *)(r10 -16), r0, r2)',    'c32af0fff1000000'],
    ['r2 = atomic64_xchg((u64 *)(r10 -16), r2)',         'db2af0ffe1000000'],
    ['r2 = atomic_xchg((u32 *)(r10 -16), r2)',           'c32af0ffe1000000'],
    ['r2 = load_acquire((u8 *)(r10 -16))',               'd3a2f0ff00010000'],
    ['store_release((u16 *)(r10 -16), r2)',              'cb2af0ff10010000'],
    ['if r1 != 0x5 goto pc+3',                           '5501030005000000'],
    ['goto pc-1',                                        '0500ffff00000000'],
    ['gotol pc+70000',                                   '0600000070110100'],
    ['may_goto pc+2',                                    'e500020000000000'],
    ['call bpf_ktime_get_ns#5',                          '8500000005000000'],
    ['call bpf_rcu_read_lock#71234',                     '8520000042160100'],
    ['call pc+3',                                        '8510000003000000'],
    ['call pc-3#bpf_prog_6deef7357e7b4530_f',            '85100000fdffffff'],
    ['r0 = *(u8 *)skb[r1 + 4]',                          '5010000004000000'],
  ])('as the kernel prints it: %s', (text, want) => {
    expect(hexOf(text)).toBe(want);
  });

  it('passes over comments', () => {
    const text = `; source line, r9 = 9
      r1 = 1 # r9 = 9
      r2 = 2 // r9 = 9
      r3 = /* r9 = 9 */ 3
      /* r9 = 9
         r9 = 9 */ exit`;
    expect(hexOf(text)).toBe('b701000001000000 b702000002000000 b703000003000000 9500000000000000');
  });
});

describe('LLVM dialect: labels and functions', () => {
  it('jumps forwards and backwards, and to numeric labels', () => {
    const text =
      '1: r0 = 0\nl1: if r0 > 5 goto 1f\nr0 += 1; goto 1b\n1: goto l1\ngotol l1\nmay_goto l1\nexit';
    expect(hexOf(text)).toBe(
      'b700000000000000 2500020005000000 0700000001000000 0500fcff00000000 0500fcff00000000 06000000fbffffff e500faff00000000 9500000000000000',
    );
  });

  it('names the first label and what is called, not what is jumped to', () => {
    const { functionNames, insns } = assemble(
      'main:\ncall f\nloop:\ngoto loop\nf:\nr2 = g ll\nexit\ng:\nexit\nspare:\nexit\n',
    );
    expect([...functionNames]).toEqual([
      [0, 'main'],
      [2, 'f'],
      [5, 'g'],
    ]);
    expect(insns[2]).toEqual({ kind: 'lddw', dst: 2, src: 4, imm: 2n });
  });

  it('numbers kfuncs in order of first appearance, around numbers that are taken', () => {
    const { insns, callees } = assemble('call a\ncall b\ncall kfunc_2\ncall a\ncall c, 3\nexit');
    expect(
      insns.slice(0, 5).map((insn) => (insn?.kind === 'call' ? [insn.target, insn.imm, insn.off] : [])),
    ).toEqual([
      ['kfunc', 1, 0],
      ['kfunc', 3, 0],
      ['kfunc', 2, 0],
      ['kfunc', 1, 0],
      ['kfunc', 4, 3],
    ]);
    expect(callees.map(({ id, name }) => [id, name])).toEqual([
      [1, 'a'],
      [3, 'b'],
      [2, 'kfunc_2'],
      [4, 'c'],
    ]);
  });

  it('keeps the names of numbered callees', () => {
    expect(assemble('call bpf_ktime_get_ns#5\ncall unknown#6\ncall x#70000\nexit').callees).toEqual([
      { kind: 'helper', id: 5, name: 'bpf_ktime_get_ns', args: undefined },
      { kind: 'kfunc', id: 70000, name: 'x', args: undefined },
    ]);
  });

  // clang-19 --target=bpf -mcpu=v4 -O2 -S, as it is.
  const CLANG = `	.text
	.file	"-"
	.section	xdp,"ax",@progbits
	.globl	entry                           # -- Begin function entry
	.p2align	3
	.type	entry,@function
entry:                                  # @entry
# %bb.0:
	r7 = r2
	if r7 == 0 goto LBB0_5
LBB0_2:                                 # =>This Inner Loop Header: Depth=1
	call sub
	if w0 s< -3 goto LBB0_2
LBB0_5:
	r2 = xchg_64(r1 + 8, r2)
	call kf
	exit
.Lfunc_end0:
	.size	entry, .Lfunc_end0-entry
                                        # -- End function
	.text
	.p2align	3                               # -- Begin function sub
	.type	sub,@function
sub:                                    # @sub
# %bb.0:
	r1 >>= 3
	exit
.Lfunc_end1:
	.size	sub, .Lfunc_end1-sub
                                        # -- End function
	.type	_license,@object                # @_license
	.section	license,"aw",@progbits
	.globl	_license
_license:
	.asciz	"GPL; x # y /* z"
	.size	_license, 16

	.addrsig
`;
  it('puts .text last, where functions called by programs stand', () => {
    const text =
      '.text\nf:\n  call g\n  exit\ng:\n  exit\n.section xdp,"ax"\nmain:\n  call f\n  r1 = g ll\n  exit\n';
    const { insns, functionNames } = assemble(text);
    expect(hexOf(text)).toBe(
      '8510000003000000 1841000004000000 0000000000000000 9500000000000000 8510000001000000 9500000000000000 9500000000000000',
    );
    expect(insns).toHaveLength(7);
    expect([...functionNames]).toEqual([
      [0, 'main'],
      [4, 'f'],
      [6, 'g'],
    ]);
  });

  it('takes what clang -S writes', () => {
    expect(hexOf(CLANG)).toBe(
      'bf27000000000000 1507020000000000 8510000004000000 c600fefffdffffff db210800e1000000 8520000001000000 9500000000000000 7701000003000000 9500000000000000',
    );
    expect([...assemble(CLANG).functionNames]).toEqual([
      [0, 'entry'],
      [7, 'sub'],
    ]);
  });
});
