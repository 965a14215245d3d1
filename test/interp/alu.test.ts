import { describe, expect, it } from 'vitest';
import { ALU_ROWS, type AluOp } from '../../src/bpf/alu.ts';
import type { Width } from '../../src/bpf/insn.ts';
import { hex64, type U64 } from '../../src/core/u64.ts';
import * as k from '../kit/insns.ts';
import { EDGES, end, r0 } from '../kit/run.ts';

const X = (width: Width, op: AluOp, dst: U64, src: U64): string =>
  r0([
    k.lddw('r0', dst),
    k.lddw('r3', src),
    op === 'neg' ? k.alu(width, op, 'r0', 0) : k.alu(width, op, 'r0', 'r3'),
    k.exit,
  ]);

const K = (width: Width, op: AluOp, dst: U64, imm: number): string =>
  r0([k.lddw('r0', dst), k.alu(width, op, 'r0', imm), k.exit]);

// biome-ignore format: one vector per line: width, op, dst, src, want
const REGISTER_VECTORS: readonly (readonly [Width, AluOp, bigint, bigint, bigint])[] = [
  [64, 'add',  0xffff_ffff_ffff_ffffn, 2n,                      1n],
  [64, 'add',  0x0000_0000_ffff_ffffn, 1n,                      0x1_0000_0000n],
  [32, 'add',  0xaaaa_aaaa_ffff_ffffn, 2n,                      1n],
  [64, 'sub',  1n,                     2n,                      0xffff_ffff_ffff_ffffn],
  [32, 'sub',  1n,                     2n,                      0xffff_ffffn],
  [64, 'mul',  0x1_0000_0001n,         0x1_0000_0001n,          0x2_0000_0001n],
  [64, 'mul',  0xffff_ffff_ffff_fffdn, 7n,                      0xffff_ffff_ffff_ffebn],
  [32, 'mul',  0x8000_0001n,           4n,                      4n],
  [64, 'div',  0xffff_ffff_ffff_fff3n, 3n,                      0x5555_5555_5555_5551n],
  [64, 'div',  7n,                     0n,                      0n],
  [32, 'div',  0x1_0000_000cn,         0x1_0000_0004n,          3n],
  [32, 'div',  7n,                     0x1_0000_0000n,          0n],
  [64, 'sdiv', 0xffff_ffff_ffff_fff3n, 3n,                      0xffff_ffff_ffff_fffcn],
  [64, 'sdiv', 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn,  0x8000_0000_0000_0000n],
  [64, 'sdiv', 13n,                    0n,                      0n],
  [32, 'sdiv', 0xffff_fff3n,           3n,                      0xffff_fffcn],
  [32, 'sdiv', 0x8000_0000n,           0xffff_ffffn,            0x8000_0000n],
  [32, 'sdiv', 0xffff_ffff_0000_0008n, 0x7777_7777_ffff_fffen,  0xffff_fffcn],
  [64, 'or',   0xf0f0n,                0x0f00n,                 0xfff0n],
  [32, 'or',   0xffff_ffff_0000_0000n, 5n,                      5n],
  [64, 'and',  0xffff_0000_ffff_0000n, 0x00ff_00ff_00ff_00ffn,  0x00ff_0000_00ff_0000n],
  [32, 'and',  0xffff_ffff_ffff_ffffn, 0xffff_ffff_8000_0000n,  0x8000_0000n],
  [64, 'lsh',  1n,                     63n,                     0x8000_0000_0000_0000n],
  [64, 'lsh',  1n,                     65n,                     2n],
  [32, 'lsh',  0x8000_0001n,           1n,                      2n],
  [32, 'lsh',  1n,                     33n,                     2n],
  [64, 'rsh',  0x8000_0000_0000_0000n, 63n,                     1n],
  [64, 'rsh',  4n,                     0xffff_ffff_ffff_ffc1n,  2n],
  [32, 'rsh',  0xffff_ffff_8000_0000n, 31n,                     1n],
  [64, 'neg',  1n,                     0n,                      0xffff_ffff_ffff_ffffn],
  [64, 'neg',  0x8000_0000_0000_0000n, 0n,                      0x8000_0000_0000_0000n],
  [32, 'neg',  0xffff_ffff_0000_0001n, 0n,                      0xffff_ffffn],
  [64, 'mod',  0xffff_ffff_ffff_fff3n, 10n,                     3n],
  [64, 'mod',  0xdead_beef_0000_0007n, 0n,                      0xdead_beef_0000_0007n],
  [32, 'mod',  0xdead_beef_0000_0007n, 0n,                      7n],
  [32, 'mod',  0x1_0000_000dn,         0x1_0000_0003n,          1n],
  [64, 'smod', 0xffff_ffff_ffff_fff3n, 3n,                      0xffff_ffff_ffff_ffffn],
  [64, 'smod', 13n,                    0xffff_ffff_ffff_fffdn,  1n],
  [64, 'smod', 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn,  0n],
  [64, 'smod', 0xffff_ffff_ffff_fff3n, 0n,                      0xffff_ffff_ffff_fff3n],
  [32, 'smod', 0xffff_fff3n,           3n,                      0xffff_ffffn],
  [32, 'smod', 0x8000_0000n,           0xffff_ffffn,            0n],
  [32, 'smod', 0xffff_ffff_ffff_fff3n, 0n,                      0xffff_fff3n],
  [64, 'xor',  0xffff_ffff_ffff_ffffn, 0x0f0f_0f0f_0f0f_0f0fn,  0xf0f0_f0f0_f0f0_f0f0n],
  [32, 'xor',  0xffff_ffff_ffff_ffffn, 0x0f0f_0f0fn,            0xf0f0_f0f0n],
  [64, 'mov',  0n,                     0xfedc_ba98_7654_3210n,  0xfedc_ba98_7654_3210n],
  [32, 'mov',  0xffff_ffff_ffff_ffffn, 0xfedc_ba98_7654_3210n,  0x7654_3210n],
  [64, 'arsh', 0x8000_0000_0000_0000n, 63n,                     0xffff_ffff_ffff_ffffn],
  [64, 'arsh', 0xffff_ffff_ffff_fff8n, 65n,                     0xffff_ffff_ffff_fffcn],
  [32, 'arsh', 0x0000_0000_8000_0000n, 31n,                     0xffff_ffffn],
  [32, 'arsh', 0xffff_ffff_7000_0000n, 60n,                     0x7n],
];

// biome-ignore format: one vector per line: width, op, dst, imm, want
const IMMEDIATE_VECTORS: readonly (readonly [Width, AluOp, bigint, number, bigint])[] = [
  [64, 'add',  1n,                     -2,           0xffff_ffff_ffff_ffffn],
  [32, 'add',  1n,                     -2,           0xffff_ffffn],
  [64, 'sub',  0n,                     -1,           1n],
  [32, 'sub',  0n,                     1,            0xffff_ffffn],
  [64, 'mul',  3n,                     -1,           0xffff_ffff_ffff_fffdn],
  [32, 'mul',  3n,                     -1,           0xffff_fffdn],
  [64, 'div',  0xffff_ffff_ffff_fffen, -2,           1n],
  [64, 'div',  0xffff_fffen,           -2,           0n],
  [32, 'div',  0xffff_fffen,           -2,           1n],
  [64, 'sdiv', 10n,                    -2,           0xffff_ffff_ffff_fffbn],
  [32, 'sdiv', 10n,                    -2,           0xffff_fffbn],
  [64, 'or',   0n,                     -0x8000_0000, 0xffff_ffff_8000_0000n],
  [32, 'or',   0n,                     -0x8000_0000, 0x8000_0000n],
  [64, 'and',  0xffff_ffff_ffff_ffffn, -16,          0xffff_ffff_ffff_fff0n],
  [32, 'and',  0xffff_ffff_ffff_ffffn, -16,          0xffff_fff0n],
  [64, 'lsh',  1n,                     -1,           0x8000_0000_0000_0000n],
  [32, 'lsh',  1n,                     -1,           0x8000_0000n],
  [64, 'rsh',  0x8000_0000_0000_0000n, -1,           1n],
  [32, 'rsh',  0x8000_0000n,           -1,           1n],
  [64, 'mod',  0xffff_ffff_ffff_ffffn, -2,           1n],
  [32, 'mod',  0xffff_ffffn,           -2,           1n],
  [64, 'smod', 13n,                    -3,           1n],
  [32, 'smod', 0xffff_fff3n,           -3,           0xffff_ffffn],
  [64, 'xor',  0n,                     -1,           0xffff_ffff_ffff_ffffn],
  [32, 'xor',  0n,                     -1,           0xffff_ffffn],
  [64, 'mov',  0n,                     -1,           0xffff_ffff_ffff_ffffn],
  [32, 'mov',  0n,                     -1,           0xffff_ffffn],
  [64, 'arsh', 0x8000_0000_0000_0000n, 4,            0xf800_0000_0000_0000n],
  [32, 'arsh', 0x8000_0000n,           4,            0xf800_0000n],
  [64, 'neg',  5n,                     0,            0xffff_ffff_ffff_fffbn],
  [32, 'neg',  5n,                     0,            0xffff_fffbn],
];

describe('alu, by literal vectors', () => {
  it.each(REGISTER_VECTORS)('%d bit %s of %d and register %d', (width, op, dst, src, want) => {
    expect(X(width, op, dst, src)).toBe(hex64(want));
  });

  it.each(IMMEDIATE_VECTORS)('%d bit %s of %d and imm %d', (width, op, dst, imm, want) => {
    expect(K(width, op, dst, imm)).toBe(hex64(want));
  });

  it('has vectors of every row in both widths and both sources', () => {
    const missing = ALU_ROWS.flatMap(({ name, source }) =>
      ([32, 64] as const).flatMap((width) => {
        const ofRow = (row: readonly [Width, AluOp, ...unknown[]]) => row[0] === width && row[1] === name;
        const gaps: string[] = [];
        if (source.includes('X') && !REGISTER_VECTORS.some(ofRow)) gaps.push(`${name}${width} X`);
        if (source.includes('K') && !IMMEDIATE_VECTORS.some(ofRow)) gaps.push(`${name}${width} K`);
        return gaps;
      }),
    );
    expect(missing).toEqual([]);
  });
});

/** The residue in [0, 2^bits), by division instead of by masks. */
const residue = (x: bigint, bits: number): bigint => {
  const modulus = 2n ** BigInt(bits);
  return ((x % modulus) + modulus) % modulus;
};
const signed = (x: bigint, bits: number): bigint => {
  const low = residue(x, bits);
  return low >= 2n ** BigInt(bits - 1) ? low - 2n ** BigInt(bits) : low;
};
/** Binary digits, most significant first. */
const digits = (x: bigint, bits: number): string => residue(x, bits).toString(2).padStart(bits, '0');
const fromDigits = (text: string): bigint => BigInt(`0b${text}`);
const zip = (a: bigint, b: bigint, bits: number, bit: (p: boolean, q: boolean) => boolean): bigint => {
  const other = digits(b, bits);
  return fromDigits(
    [...digits(a, bits)].map((d, i) => (bit(d === '1', other[i] === '1') ? '1' : '0')).join(''),
  );
};
/** Magnitudes divided, then the signs put back: another way to truncate. */
const truncated = (a: bigint, b: bigint): bigint => {
  const magnitude = (a < 0n ? -a : a) / (b < 0n ? -b : b);
  return a < 0n === b < 0n ? magnitude : -magnitude;
};

/** What each row means, in formulas that share nothing with the interpreter's. */
const MEANING: Record<AluOp, (dst: bigint, src: bigint, bits: number) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b, bits) => a + 2n ** BigInt(bits) - b,
  mul: (a, b) => a * b,
  div: (a, b, bits) => (residue(b, bits) === 0n ? 0n : residue(a, bits) / residue(b, bits)),
  sdiv: (a, b, bits) => (residue(b, bits) === 0n ? 0n : truncated(signed(a, bits), signed(b, bits))),
  or: (a, b, bits) => zip(a, b, bits, (p, q) => p || q),
  and: (a, b, bits) => zip(a, b, bits, (p, q) => p && q),
  xor: (a, b, bits) => zip(a, b, bits, (p, q) => p !== q),
  lsh: (a, b, bits) => a * 2n ** residue(b, Math.log2(bits)),
  rsh: (a, b, bits) => residue(a, bits) / 2n ** residue(b, Math.log2(bits)),
  arsh: (a, b, bits) => {
    const text = digits(a, bits);
    const count = Number(residue(b, Math.log2(bits)));
    return fromDigits((text[0] as string).repeat(count) + text.slice(0, bits - count));
  },
  neg: (a, _b, bits) => 2n ** BigInt(bits) - residue(a, bits),
  mod: (a, b, bits) =>
    residue(b, bits) === 0n ? a : residue(a, bits) - residue(b, bits) * (residue(a, bits) / residue(b, bits)),
  smod: (a, b, bits) =>
    residue(b, bits) === 0n
      ? a
      : signed(a, bits) - signed(b, bits) * truncated(signed(a, bits), signed(b, bits)),
  mov: (_a, b) => b,
};

describe('alu, by other formulas', () => {
  it.each(ALU_ROWS.flatMap(({ name }) => [[name, 64] as const, [name, 32] as const]))(
    '%s in %d bits, every pair of edge values',
    (op, width) => {
      for (const dst of EDGES) {
        for (const src of EDGES) {
          const want = hex64(residue(MEANING[op](dst, src, width), width));
          expect([dst, src, X(width, op, dst, src)]).toEqual([dst, src, want]);
        }
      }
    },
  );

  it('takes dst and src from the same register', () => {
    expect(r0([k.lddw('r0', 3n), k.alu(64, 'mul', 'r0', 'r0'), k.exit])).toBe(hex64(9n));
    expect(r0([k.lddw('r0', 3n), k.alu(64, 'sub', 'r0', 'r0'), k.exit])).toBe(hex64(0n));
  });
});

describe('movsx', () => {
  // biome-ignore format: a table: width, bits, src, want
  const VECTORS = [
    [64, 8,  0xaaaa_aaaa_aaaa_aa80n, 0xffff_ffff_ffff_ff80n],
    [64, 8,  0xaaaa_aaaa_aaaa_aa7fn, 0x7fn],
    [64, 16, 0xaaaa_aaaa_aaaa_8000n, 0xffff_ffff_ffff_8000n],
    [64, 16, 0xaaaa_aaaa_aaaa_7fffn, 0x7fffn],
    [64, 32, 0xaaaa_aaaa_8000_0000n, 0xffff_ffff_8000_0000n],
    [64, 32, 0xaaaa_aaaa_7fff_ffffn, 0x7fff_ffffn],
    [32, 8,  0xaaaa_aaaa_aaaa_aa80n, 0xffff_ff80n],
    [32, 8,  0xaaaa_aaaa_aaaa_aa7fn, 0x7fn],
    [32, 16, 0xaaaa_aaaa_aaaa_8000n, 0xffff_8000n],
    [32, 16, 0xaaaa_aaaa_aaaa_7fffn, 0x7fffn],
  ] as const;
  it.each(VECTORS)('to %d from %d bits of %d', (width, bits, src, want) => {
    expect(r0([k.lddw('r3', src), k.movsx(width, bits, 'r0', 'r3'), k.exit])).toBe(hex64(want));
  });
});

describe('swap', () => {
  const VALUE = 0x0123_4567_89ab_cdefn;
  // biome-ignore format: a table: op, bits, want
  const VECTORS = [
    ['le',    16, 0xcdefn],
    ['le',    32, 0x89ab_cdefn],
    ['le',    64, 0x0123_4567_89ab_cdefn],
    ['be',    16, 0xefcdn],
    ['be',    32, 0xefcd_ab89n],
    ['be',    64, 0xefcd_ab89_6745_2301n],
    ['bswap', 16, 0xefcdn],
    ['bswap', 32, 0xefcd_ab89n],
    ['bswap', 64, 0xefcd_ab89_6745_2301n],
  ] as const;
  it.each(VECTORS)('%s%d', (op, bits, want) => {
    expect(r0([k.lddw('r0', VALUE), k.swap(op, bits, 'r0'), k.exit])).toBe(hex64(want));
  });
});

describe('alu and poison', () => {
  const poisoned = 'poison: r0 as result of main';

  it.each(ALU_ROWS)('$name with a poison register is poison', ({ name, source }) => {
    const dst = name === 'mov' ? [k.mov('r0', 1), k.mov('r0', 'r9')] : [k.alu(64, name, 'r0', 1)];
    expect(end([...dst, k.exit])).toContain(poisoned);
    if (source === 'K') return;
    expect(end([k.mov('r0', 1), k.alu(32, name, 'r0', 'r9'), k.exit])).toContain(poisoned);
  });

  it.each(['xor', 'sub'] as const)('%s of a poison register with itself is poison', (op) => {
    expect(end([k.alu(64, op, 'r0', 'r0'), k.exit])).toContain(poisoned);
  });

  it('mov of an immediate ends poison', () => {
    expect(r0([k.mov('r0', 'r9'), k.mov('r0', 7), k.exit])).toBe(hex64(7n));
  });

  it('movsx and swap of poison are poison', () => {
    expect(end([k.mov('r0', 1), k.movsx(64, 8, 'r0', 'r9'), k.exit])).toContain(poisoned);
    expect(end([k.swap('le', 64, 'r0'), k.exit])).toContain(poisoned);
  });
});

describe('r10', () => {
  const writes = [
    k.mov('r10', 0),
    k.mov('r10', 'r9'),
    k.movsx(64, 8, 'r10', 'r1'),
    k.swap('be', 64, 'r10'),
    k.lddw('r10', 0n),
  ];
  it.each(writes)('is not written by $kind', (insn) => {
    expect(end([insn, k.exit])).toBe('unsupported: write to r10 at 0');
  });
});
