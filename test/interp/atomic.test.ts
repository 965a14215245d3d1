import { describe, expect, it } from 'vitest';
import { ATOMIC_ROWS, type AtomicOp } from '../../src/bpf/atomic.ts';
import type { Insn } from '../../src/bpf/insn.ts';
import type { Size } from '../../src/bpf/load-store.ts';
import { CTX_BASE, DATA_BASE } from '../../src/core/layout.ts';
import { hex64, type U64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, end, r0, r0Of, run } from '../kit/run.ts';

const OLD = 0x8877_6655_4433_2211n;
const SRC = 0xf0e0_d0c0_b0a0_9080n;

/** Eight bytes of memory at r1. */
const word = (value: U64): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};
const wordOf = (bytes: Uint8Array): string =>
  hex64(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

/** Runs one atomic on OLD with src = r3 and returns memory and the register asked for. */
function apply(
  insn: Insn,
  result: 'r0' | 'r3' | 'r4',
  expected = 0n,
): readonly [memory: string, reg: string] {
  const got = run(
    [
      k.lddw('r0', expected),
      k.lddw('r3', SRC),
      k.lddw('r4', 0xffff_ffff_ffff_ffffn),
      insn,
      k.mov('r0', result),
      k.exit,
    ],
    { memory: word(OLD) },
  );
  return [wordOf(got.memory), r0Of(got)];
}

// biome-ignore format: one vector per line: op, size, memory after, src after
const VECTORS: readonly (readonly [AtomicOp, Size, bigint, bigint])[] = [
  ['add',       8, 0x7958_3715_f4d3_b291n, SRC],
  ['add',       4, 0x8877_6655_f4d3_b291n, SRC],
  ['or',        8, 0xf8f7_f6d5_f4b3_b291n, SRC],
  ['or',        4, 0x8877_6655_f4b3_b291n, SRC],
  ['and',       8, 0x8060_4040_0020_0000n, SRC],
  ['and',       4, 0x8877_6655_0020_0000n, SRC],
  ['xor',       8, 0x7897_b695_f493_b291n, SRC],
  ['xor',       4, 0x8877_6655_f493_b291n, SRC],
  ['fetch_add', 8, 0x7958_3715_f4d3_b291n, OLD],
  ['fetch_add', 4, 0x8877_6655_f4d3_b291n, 0x4433_2211n],
  ['fetch_or',  8, 0xf8f7_f6d5_f4b3_b291n, OLD],
  ['fetch_or',  4, 0x8877_6655_f4b3_b291n, 0x4433_2211n],
  ['fetch_and', 8, 0x8060_4040_0020_0000n, OLD],
  ['fetch_and', 4, 0x8877_6655_0020_0000n, 0x4433_2211n],
  ['fetch_xor', 8, 0x7897_b695_f493_b291n, OLD],
  ['fetch_xor', 4, 0x8877_6655_f493_b291n, 0x4433_2211n],
  ['xchg',      8, SRC,                    OLD],
  ['xchg',      4, 0x8877_6655_b0a0_9080n, 0x4433_2211n],
];

describe('atomic', () => {
  it.each(VECTORS)('%s of %d bytes', (op, size, memory, src) => {
    expect(apply(k.atomic(op, size, 'r1', 0, 'r3'), 'r3')).toEqual([hex64(memory), hex64(src)]);
  });

  // biome-ignore format: one vector per line: size, r0 before, memory after, r0 after
  const CMPXCHG = [
    [8, OLD,                    SRC,                    OLD],
    [8, OLD + 1n,               OLD,                    OLD],
    [8, 0x4433_2211n,           OLD,                    OLD],
    [4, 0x4433_2211n,           0x8877_6655_b0a0_9080n, 0x4433_2211n],
    [4, 0xdddd_dddd_4433_2211n, 0x8877_6655_b0a0_9080n, 0x4433_2211n],
    [4, 0xdddd_dddd_4433_2210n, OLD,                    0x4433_2211n],
  ] as const;
  it.each(CMPXCHG)('cmpxchg of %d bytes with r0 = %d', (size, expected, memory, after) => {
    const insn = k.atomic('cmpxchg', size, 'r1', 0, 'r3');
    expect(apply(insn, 'r0', expected)).toEqual([hex64(memory), hex64(after)]);
    expect(apply(insn, 'r3', expected)[1]).toBe(hex64(SRC));
  });

  // biome-ignore format: a table: size, register loaded, memory stored
  const ORDERED = [
    [1, 0x11n,        0x8877_6655_4433_2280n],
    [2, 0x2211n,      0x8877_6655_4433_9080n],
    [4, 0x4433_2211n, 0x8877_6655_b0a0_9080n],
    [8, OLD,          SRC],
  ] as const;
  it.each(ORDERED)('load_acquire and store_release of %d bytes', (size, loaded, stored) => {
    expect(apply(k.atomic('load_acquire', size, 'r4', 0, 'r1'), 'r4')).toEqual([hex64(OLD), hex64(loaded)]);
    expect(apply(k.atomic('store_release', size, 'r1', 0, 'r3'), 'r3')).toEqual([hex64(stored), hex64(SRC)]);
  });

  it('has a vector of every row and size', () => {
    const seen = new Set(VECTORS.map(([op, size]) => `${op} ${size}`));
    for (const [size] of CMPXCHG) seen.add(`cmpxchg ${size}`);
    for (const [size] of ORDERED) seen.add(`load_acquire ${size}`).add(`store_release ${size}`);
    const rows = ATOMIC_ROWS.flatMap(({ name, sizes }) => sizes.map((size) => `${name} ${size}`));
    expect(rows.filter((row) => !seen.has(row))).toEqual([]);
  });

  it('reads r0 as address before cmpxchg overwrites it', () => {
    const insns = [k.mov('r0', 'r1'), k.mov('r3', 5), k.atomic('cmpxchg', 8, 'r0', 0, 'r3'), k.exit];
    const got = run(insns, { memory: word(CTX_BASE) });
    expect([r0Of(got), wordOf(got.memory)]).toEqual([hex64(CTX_BASE), hex64(5n)]);
  });

  it('reads the operand before the fetch overwrites it, where src is dst', () => {
    const insns = [k.mov('r3', 'r1'), k.atomic('fetch_add', 8, 'r3', 0, 'r3'), k.mov('r0', 'r3'), k.exit];
    const got = run(insns, { memory: word(1n) });
    expect([r0Of(got), wordOf(got.memory)]).toEqual([hex64(1n), hex64(CTX_BASE + 1n)]);
  });

  it('reads the operand before the fetch overwrites it, where src is r0', () => {
    const insns = [k.mov('r0', 6), k.atomic('fetch_or', 8, 'r1', 0, 'r0'), k.exit];
    const got = run(insns, { memory: word(3n) });
    expect([r0Of(got), wordOf(got.memory)]).toEqual([hex64(3n), hex64(7n)]);
  });

  it('need not be aligned', () => {
    const insns = [k.mov('r0', 1), k.atomic('add', 4, 'r1', 3, 'r0'), k.exit];
    expect(wordOf(run(insns, { memory: word(0xff00_0000n) }).memory)).toBe(hex64(0x1_0000_0000n));
  });

  it.each([
    ['add', 'write'],
    ['fetch_xor', 'write'],
    ['xchg', 'write'],
    ['cmpxchg', 'write'],
    ['load_acquire', 'read'],
    ['store_release', 'write'],
  ] as const)('%s outside of memory is a fault: %s', (op, access) => {
    const insns = [k.mov('r0', 0), k.lddw('r3', 16n), k.atomic(op, 8, 'r3', 8, 'r3'), k.exit];
    expect(end(insns)).toBe(`${access} ${hex64(24n)} 8 at 3`);
  });

  it.each(['add', 'cmpxchg', 'store_release'] as const)('%s to read-only data is a write fault', (op) => {
    const data = [{ name: '.rodata', address: DATA_BASE, bytes: new Uint8Array(8), writable: false }];
    const insns = [k.mov('r0', 0), k.lddw('r3', DATA_BASE), k.atomic(op, 8, 'r3', 0, 'r0'), k.exit];
    const got = interpret(k.link([insns], { data }), k.envOf());
    expect(describeOutcome(got.outcome)).toBe(`write ${hex64(DATA_BASE)} 8 at 3`);
  });
});

describe('atomic and poison', () => {
  /** Does `insn` on the word at r10 - 8 and returns what is then there, and in r0 and r3. */
  const after = (setup: readonly Insn[], insn: Insn): readonly boolean[] =>
    [k.ldx(8, 'r0', 'r10', -8), k.mov('r0', 'r0'), k.mov('r0', 'r3')].map((look) => {
      const ended = end([k.mov('r0', 5), k.mov('r3', 6), ...setup, insn, look, k.exit]);
      return ended.startsWith('poison: r0 as result of main');
    });
  const five = k.store(8, 'r10', -8, 5);
  const cmpxchg = k.atomic('cmpxchg', 8, 'r10', -8, 'r3');
  const fetch = k.atomic('fetch_add', 8, 'r10', -8, 'r3');

  // biome-ignore format: a table: what, setup, insn, [memory, r0, r3] are poison
  const CASES = [
    ['nothing poison, cmpxchg',        [five],                    cmpxchg,                              [false, false, false]],
    ['memory poison, cmpxchg',         [],                        cmpxchg,                              [true,  true,  false]],
    ['r0 poison, cmpxchg',             [five, k.mov('r0', 'r9')], cmpxchg,                              [true,  false, false]],
    ['src poison, cmpxchg matches',    [five, k.mov('r3', 'r9')], cmpxchg,                              [true,  false, true]],
    ['src poison, cmpxchg differs',    [k.store(8, 'r10', -8, 4), k.mov('r3', 'r9')], cmpxchg,          [false, false, true]],
    ['memory poison, fetch_add',       [],                        fetch,                                [true,  false, true]],
    ['src poison, fetch_add',          [five, k.mov('r3', 'r9')], fetch,                                [true,  false, false]],
    ['src poison, add',                [five, k.mov('r3', 'r9')], k.atomic('add', 8, 'r10', -8, 'r3'),  [true,  false, true]],
    ['memory poison, xchg',            [],                        k.atomic('xchg', 8, 'r10', -8, 'r3'), [false, false, true]],
    ['src poison, store_release',      [five, k.mov('r3', 'r9')], k.atomic('store_release', 8, 'r10', -8, 'r3'), [true, false, true]],
    ['memory poison, load_acquire',    [],                        k.atomic('load_acquire', 8, 'r3', -8, 'r10'), [true, false, true]],
  ] as const;
  it.each(CASES)('%s', (_name, setup, insn, want) => {
    expect(after(setup, insn)).toEqual(want);
  });

  it('of half the word makes all of it poison: whether cmpxchg stores is not known', () => {
    const half = [
      k.store(4, 'r10', -8, 5),
      k.mov('r0', 5),
      k.mov('r3', 6),
      cmpxchg,
      k.ldx(4, 'r0', 'r10', -8),
    ];
    expect(end([...half, k.exit])).toBe('poison: r0 as result of main at 5');
  });

  it('has no effect on a run that overwrites it', () => {
    expect(r0([k.mov('r0', 1), k.atomic('xchg', 8, 'r10', -8, 'r0'), k.mov('r0', 2), k.exit])).toBe(
      hex64(2n),
    );
  });
});
