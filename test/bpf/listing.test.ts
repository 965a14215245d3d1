import { describe, expect, it } from 'vitest';
import { encode } from '../../src/bpf/encode.ts';
import { isListing, readListing } from '../../src/bpf/listing.ts';

const hexOf = (insns: Parameters<typeof encode>[0]): string =>
  (Buffer.from(encode(insns)).toString('hex').match(/.{16}/g) ?? []).join(' ');

// clang-19 -O2 --target=bpf -mcpu=v4; llvm-objdump-19 -dr (shortened).
const OBJDUMP = `
c.o:	file format elf64-bpf

Disassembly of section .text:

0000000000000000 <sub>:
       0:	bf 20 00 00 00 00 00 00	r0 = r2
       1:	2f 10 00 00 00 00 00 00	r0 *= r1
       2:	95 00 00 00 00 00 00 00	exit

Disassembly of section prog:

0000000000000000 <entry>:
; u64 s = 0;
       0:	b7 06 00 00 00 00 00 00	r6 = 0x0
       1:	15 02 02 00 00 00 00 00	if r2 == 0x0 goto +0x2 <entry+0x20>
       2:	85 10 00 00 ff ff ff ff	call -0x1
		0000000000000010:  R_BPF_64_32	kf
       3:	85 10 00 00 ff ff ff ff	call -0x1
		0000000000000018:  R_BPF_64_32	.text

0000000000000020 <LBB0_5>:
       4:	18 01 00 00 f0 de bc 9a 00 00 00 00 78 56 34 12	r1 = 0x123456789abcdef0 ll
       6:	95 00 00 00 00 00 00 00	exit
`;

describe('readListing: llvm-objdump', () => {
  it('takes bytes, functions and relocations, and puts .text last', () => {
    const got = readListing(OBJDUMP, 'a.txt');
    expect(hexOf(got.insns)).toBe(
      [
        'b706000000000000 1502020000000000 8520000001000000 8510000003000000',
        '18010000f0debc9a 0000000078563412 9500000000000000',
        'bf20000000000000 2f10000000000000 9500000000000000',
      ].join(' '),
    );
    expect([...got.functionNames]).toEqual([
      [0, 'entry'],
      [7, 'sub'],
    ]);
    expect(got.callees).toEqual([{ kind: 'kfunc', id: 1, name: 'kf', args: undefined }]);
  });

  it('takes the text where there are no bytes', () => {
    const text =
      '0000000000000000 <f>:\n       0:\tr0 = 0x10\n       1:\tif r0 s< -0x3 goto +0x0 <f+0x10>\n       2:\texit\n';
    expect(hexOf(readListing(text, 'a').insns)).toBe('b700000010000000 c5000000fdffffff 9500000000000000');
  });

  it('takes a part that does not begin at 0', () => {
    expect(
      hexOf(
        readListing('  7:\tb7 00 00 00 01 00 00 00\tr0 = 1\n  8:\t95 00 00 00 00 00 00 00\texit\n', 'a')
          .insns,
      ),
    ).toBe('b700000001000000 9500000000000000');
  });

  it('makes the address of a listed function of its relocation', () => {
    const text = `0000000000000000 <f>:
       0:	18 01 00 00 18 00 00 00 00 00 00 00 00 00 00 00	r1 = 0x18 ll
		0000000000000000:  R_BPF_64_64	f
       2:	95 00 00 00 00 00 00 00	exit
       3:	95 00 00 00 00 00 00 00	exit
`;
    expect(readListing(text, 'a').insns[0]).toEqual({ kind: 'lddw', dst: 1, src: 4, imm: 2n });
  });

  it.each([
    [
      '0:\tb7 00 00 00 01 00 00 00\tr0 = 1\n2:\t95 00 00 00 00 00 00 00\texit\n',
      'a:2: instruction 1 is missing before 2',
    ],
    [
      '0:\t85 10 00 00 ff ff ff ff\tcall -0x1\n',
      'a:1: this call is not linked: list it with its relocations (llvm-objdump -dr)',
    ],
    [
      '0:\tcall -0x1\n1:\texit\n',
      'a:1: `call -0x1`: llvm-objdump prints calls of helpers and of functions alike',
    ],
    [
      '0:\t18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00\tr1 = 0x0 ll\n\t\t0000000000000000:  R_BPF_64_64\tglob\n',
      'a:2: R_BPF_64_64 needs the address of `glob`; load the .o instead',
    ],
    [
      '0:\t85 10 00 00 ff ff ff ff\tcall -0x1\n\t\t0000000000000000:  R_BPF_64_32\t.text\n',
      'a:2: it calls into .text, which is not listed',
    ],
    ['0:\tff 00 00 00 00 00 00 00\t<unknown>\n', 'a:1: opcode is 0xff: no such instruction'],
    [
      '0:\tb7 00 00 00 01 00 00 00\tr0 = 1\n0:\tb7 00 00 00 02 00 00 00\tr0 = 2\n',
      'a:2: instruction 0 stands twice, and differs from a:1',
    ],
    ['nothing\n', 'a: no line of it is an instruction'],
  ])('refuses %j', (text, want) => {
    expect(() => readListing(text, 'a')).toThrow(want);
  });
});

const BPFTOOL = `int entry(struct xdp_md * ctx):
; return sub(ctx);
   0: (b7) r0 = 1
   1: (55) if r1 != 0xffffffff goto pc+1
   2: (85) call pc+4#bpf_prog_6deef7357e7b4530_sub
   3: (85) call bpf_ktime_get_ns#5
   4: (85) call bpf_kfunc#72345
   5: (18) r1 = 0x1122334455667788
int sub(void):
   7: (63) *(u32 *)(r10 -4) = r1
   8: (db) r2 = atomic64_fetch_add((u64 *)(r10 -16), r2)
   9: (95) exit
`;
const BPFTOOL_BYTES = [
  'b700000001000000 55010100ffffffff 8510000004000000 8500000005000000 85200000991a0100',
  '1801000088776655 0000000044332211 631afcff00000000 db2af0ff01000000 9500000000000000',
].join(' ');

describe('readListing: bpftool prog dump xlated', () => {
  it('takes the plain form', () => {
    const got = readListing(BPFTOOL, 'a');
    expect(hexOf(got.insns)).toBe(BPFTOOL_BYTES);
    expect([...got.functionNames]).toEqual([
      [0, 'entry'],
      [7, 'sub'],
    ]);
    expect(got.callees).toEqual([
      { kind: 'helper', id: 5, name: 'bpf_ktime_get_ns', args: undefined },
      { kind: 'kfunc', id: 72345, name: 'bpf_kfunc', args: undefined },
    ]);
  });

  it('takes the bytes of the form with opcodes', () => {
    const text = `   0: (18) r1 = map[id:3]
       18 11 00 00 03 00 00 00 00 00 00 00 00 00 00 00
   2: (85) call bpf_kfunc#5
       85 20 00 00 05 00 00 00
   3: (95) exit
       95 00 00 00 00 00 00 00
`;
    const got = readListing(text, 'a');
    expect(hexOf(got.insns)).toBe('1811000003000000 0000000000000000 8520000005000000 9500000000000000');
    expect(got.callees).toEqual([{ kind: 'kfunc', id: 5, name: 'bpf_kfunc', args: undefined }]);
  });

  const JSON_FORM = JSON.stringify([
    {
      proto: 'int entry(struct xdp_md * ctx)',
      disasm: '(18) r1 = 0x1122334455667788',
      opcodes: {
        code: '0x18',
        src_reg: '0x0',
        dst_reg: '0x1',
        off: ['0x00', '0x00'],
        imm: '88 77 66 55 00 00 00 00 44 33 22 11'.split(' ').map((byte) => `0x${byte}`),
      },
    },
    { disasm: '(95) exit' },
  ]);

  it('takes the JSON form', () => {
    expect(isListing(JSON_FORM)).toBe(true);
    const got = readListing(JSON_FORM, 'a');
    expect(hexOf(got.insns)).toBe('1801000088776655 0000000044332211 9500000000000000');
    expect([...got.functionNames]).toEqual([[0, 'entry']]);
  });

  it.each([
    [
      '   0: (18) r1 = map[id:3]\n   2: (95) exit\n',
      'a:1: `r1 = map[id:3]` needs an address that the listing does not give',
    ],
    ['   0: (bf) r6 = 5\n', 'a:1: `r6 = 5` is opcode 0xb7, but the line says 0xbf'],
    ['   0: (c2) nospec\n', 'a:1: expected an instruction such as'],
    ['[{"disasm": "(95) exit"}', 'a: not JSON: '],
    ['[1]', 'a: not an array of instructions'],
    ['[{"disasm": 5}]', 'a: element 0: no `disasm` of the form "(bf) r6 = r1"'],
    [
      '[{"disasm": "(95) exit", "opcodes": {"code": "0x100"}}]',
      'a: element 0: "0x100" is not a byte such as "0xbf"',
    ],
    [
      '[{"disasm": "(95) exit", "opcodes": {"code": 149, "src_reg": 0, "dst_reg": 0, "off": [0], "imm": [0]}}]',
      'a: element 0: off has 1 bytes and imm 1; want 2, and 4 or 12',
    ],
  ])('refuses %j', (text, want) => {
    expect(() => readListing(text, 'a')).toThrow(want);
  });
});

describe("readListing: the verifier's log", () => {
  const LOG = `func#0 @0
Live regs before insn:
  0: .1........ (b7) r0 = 1
0: R1=ctx() R10=fp0
; int x = 0; @ prog.c:12
0: (b7) r0 = 1                        ; R0_w=1
1: (15) if r1 == 0x0 goto pc+1        ; R1=ctx()
2: (07) r0 += -4                      ; R0_w=-3
3: (95) exit
from 1 to 3: R0=1 R1=0 R10=fp0
caller:
 R10=fp0
3: (95) exit
processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0
`;
  it('takes each instruction once', () => {
    const got = readListing(LOG, 'a');
    expect(hexOf(got.insns)).toBe('b700000001000000 1501010000000000 07000000fcffffff 9500000000000000');
    expect([...got.functionNames]).toEqual([]);
  });

  it('refuses a log that never reached an instruction', () => {
    expect(() => readListing('0: (05) goto pc+1\n2: (95) exit\n', 'a')).toThrow(
      'a:2: instruction 1 is missing before 2 (cut out, or never reached by the verifier)',
    );
  });
});

describe('readListing: other disassemblers', () => {
  it('takes numbered mnemonics, whose calls are told apart', () => {
    const text =
      '   0: mov %r0, 1\n   1: call helper 5\n   2: call local +0\n   3: lddw %r1, 0x5\n   5: exit\n';
    expect(hexOf(readListing(text, 'a').insns)).toBe(
      'b700000001000000 8500000005000000 8510000000000000 1801000005000000 0000000000000000 9500000000000000',
    );
  });
});

describe('isListing', () => {
  it.each([
    [OBJDUMP, true],
    [BPFTOOL, true],
    ['r0 = 1\nexit\n', false],
    ['1: r0 = 1\nl2:\nif r0 > 1 goto l2\nr0 += 1\ngoto 1b\n', false],
    ['mov %r0, 1\nexit\n', false],
    ['00000000: b700 0000 0100 0000 9500 0000 0000 0000  ................\n', false],
    ['b7 00 00 00 00 00 00 00\n', false],
  ])('%#', (text, want) => {
    expect(isListing(text)).toBe(want);
  });
});
