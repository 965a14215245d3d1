/** DPDK's interpreter as an image, with a function of our own in its place. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { encode } from '../../../src/bpf/encode.ts';
import { buildProgram } from '../../../src/bpf/program.ts';
import { Checker } from '../../../src/checker.ts';
import { CODE_BASE } from '../../../src/core/layout.ts';
import { interpreterCode, interpreterImage } from '../../../src/jits/dpdk/interpreter.ts';
import { argPlaces } from '../../../src/x86/sysv.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (code: Uint8Array): string => Buffer.from(code).toString('hex');

/** `rc[0] = *(u64 *)ctx[0] + bpf->prm.nb_ins + (u8)bpf->prm.ins[0] + bpf->prm.xsym[0]; return 1` behind 16 bytes. */
const LIBRARY = bytes(
  `${'cc'.repeat(16)} 488b06 488b00 48034708 488b0f 0fb609 4801c8 488b4f10 480301 488902 b801000000 c3`,
);
const codeOf = (code: Uint8Array) => {
  const made = interpreterCode({ bytes: code, functions: new Map([['rte_bpf_exec_burst', 16]]) });
  if (made === undefined) throw new Error('it has the function');
  return made;
};

describe('interpreterImage', () => {
  it('hands the program, the symbols and the context over, and returns what is in rc', () => {
    const { insns } = assemble('r0 = *(u64 *)(r1 + 0)\nr0 += 165\nexit\n', { dialect: 'llvm' });
    // 3 instructions, the first one's opcode is 0x79 (ldxdw), and 41: 165.
    const input = { bpf: encode(insns), symbols: new BigUint64Array([41n]), base: CODE_BASE };
    const { code, entry } = interpreterImage(codeOf(LIBRARY), input);
    expect(entry % 16).toBe(0);
    const checker = new Checker({
      compile: () => ({
        jit: 'test',
        code,
        base: CODE_BASE,
        entry,
        subprogEntries: [entry],
        args: { bpf: [], native: argPlaces(12) },
        callAlign: 16,
      }),
    });
    try {
      const result = checker.check(buildProgram(insns), { memory: bytes('0700000000000080') });
      expect(result.verdict).toBe('agree');
      expect(result.got?.outcome).toMatchObject({ kind: 'exit', r0: 0x80000000000000acn });
    } finally {
      checker.close();
    }
  });

  it('is none where there is no such function', () => {
    expect(interpreterCode({ bytes: LIBRARY, functions: new Map() })).toBeUndefined();
  });

  it('needs no other library and no thread: in their place is code of the same length', () => {
    const plt = 'ff25112233446801000000e9e0ffffff';
    const load = '64488b142528000000';
    const check = '64482b142528000000';
    expect(hex(codeOf(bytes(plt)).bytes)).toBe(`31c0c3${plt.slice(6)}`);
    expect(hex(codeOf(bytes(load)).bytes)).toBe('ba000000000f1f4000');
    expect(hex(codeOf(bytes(check)).bytes)).toBe('4885d2660f1f440000');
    expect(hex(codeOf(bytes('64480b142528000000')).bytes)).toBe('64480b142528000000');
  });
});
