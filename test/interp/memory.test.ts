import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import type { DataSection } from '../../src/bpf/program.ts';
import { CODE_BASE, CTX_BASE, DATA_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { runAll } from '../kit/calls.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, end, r0, run } from '../kit/run.ts';

const BYTES = Uint8Array.of(0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x19);
const SIZES = [1, 2, 4, 8] as const;
const DATA: readonly DataSection[] = [
  { name: '.data', address: DATA_BASE, bytes: new Uint8Array(16), writable: true },
  { name: '.rodata', address: DATA_BASE + 0x2000n, bytes: Uint8Array.from(BYTES), writable: false },
];

describe('ldx', () => {
  // biome-ignore format: a table: size, off, want
  const VECTORS = [
    [1, 0, 0x81n],
    [1, 8, 0x19n],
    [2, 0, 0x9281n],
    [2, 1, 0xa392n],
    [4, 0, 0xb4a3_9281n],
    [8, 0, 0xf8e7_d6c5_b4a3_9281n],
    [8, 1, 0x19f8_e7d6_c5b4_a392n],
  ] as const;
  it.each(VECTORS)('of %d bytes at %d zero-extends', (size, off, want) => {
    expect(r0([k.ldx(size, 'r0', 'r1', off), k.exit], { memory: BYTES })).toBe(hex64(want));
  });

  // biome-ignore format: a table: size, off, want
  const SIGNED = [
    [1, 0, 0xffff_ffff_ffff_ff81n],
    [1, 8, 0x19n],
    [2, 0, 0xffff_ffff_ffff_9281n],
    [4, 0, 0xffff_ffff_b4a3_9281n],
    [4, 5, 0x19f8_e7d6n],
  ] as const;
  it.each(SIGNED)('of %d signed bytes at %d sign-extends', (size, off, want) => {
    expect(r0([k.ldxs(size, 'r0', 'r1', off), k.exit], { memory: BYTES })).toBe(hex64(want));
  });

  it('overwrites its own base', () => {
    expect(r0([k.ldx(1, 'r1', 'r1', 0), k.mov('r0', 'r1'), k.exit], { memory: BYTES })).toBe(hex64(0x81n));
  });
});

describe('stx and st', () => {
  // biome-ignore format: a table: size, bytes written of 0xfedcba9876543210
  const VECTORS = [
    [1, [0x10]],
    [2, [0x10, 0x32]],
    [4, [0x10, 0x32, 0x54, 0x76]],
    [8, [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]],
  ] as const;
  it.each(VECTORS)('of %d bytes write the low bytes and no others', (size, bytes) => {
    const insns = [
      k.lddw('r2', 0xfedc_ba98_7654_3210n),
      k.store(size, 'r1', 3, 'r2'),
      k.mov('r0', 0),
      k.exit,
    ];
    const want = new Uint8Array(12).fill(0xee);
    want.set(bytes, 3);
    expect(run(insns, { memory: new Uint8Array(12).fill(0xee) }).memory).toEqual(want);
  });

  it.each(SIZES)('of %d bytes write an immediate, sign-extended', (size) => {
    const got = run([k.store(size, 'r1', 1, -2), k.mov('r0', 0), k.exit], { memory: new Uint8Array(10) });
    const want = new Uint8Array(10);
    want.fill(0xff, 1, 1 + size);
    want[1] = 0xfe;
    expect(got.memory).toEqual(want);
  });

  it('leave the input alone', () => {
    const memory = new Uint8Array(4);
    run([k.store(4, 'r1', 0, 7), k.mov('r0', 0), k.exit], { memory });
    expect(memory).toEqual(new Uint8Array(4));
  });
});

describe('bounds', () => {
  const context = { name: 'context', base: CTX_BASE, size: 9, writable: true };
  const data = { name: 'data', base: DATA_BASE, size: 16, writable: true };
  const rodata = { name: 'read-only data', base: DATA_BASE + 0x2000n, size: 9, writable: false };
  const stack = { name: 'stack', base: MAIN_FP - 512n, size: 512, writable: true };
  const regions = [context, data, rodata, stack];
  const cases = regions.flatMap((region) => SIZES.map((size) => ({ ...region, bytes: region.size, size })));

  const access = (address: bigint, insn: Insn): string => {
    const program = k.link([[k.mov('r0', 0), k.lddw('r3', address), insn, k.mov('r0', 0), k.exit]], {
      data: DATA,
    });
    return describeOutcome(interpret(program, k.envOf({ memory: BYTES })).outcome);
  };
  const fine = `exit ${hex64(0n)}`;

  it.each(cases)('of $name hold for $size bytes', ({ base, bytes, size, writable }) => {
    const inside = [base, base + BigInt(bytes - size)];
    const outside = [base - 1n, base - BigInt(size), base + BigInt(bytes - size + 1), base + BigInt(bytes)];
    for (const address of inside) {
      expect(access(address, k.ldx(size, 'r4', 'r3', 0))).toBe(fine);
      const written = writable ? fine : `write ${hex64(address)} ${size} at 3`;
      expect(access(address, k.store(size, 'r3', 0, 1))).toBe(written);
      expect(access(address, k.store(size, 'r3', 0, 'r0'))).toBe(written);
    }
    for (const address of outside) {
      expect(access(address, k.ldx(size, 'r4', 'r3', 0))).toBe(`read ${hex64(address)} ${size} at 3`);
      expect(access(address, k.store(size, 'r3', 0, 1))).toBe(`write ${hex64(address)} ${size} at 3`);
    }
  });

  it.each([
    ['null', 0n, 0, 0n],
    ['the last byte of the address space', 0xffff_ffff_ffff_ffffn, 0, 0xffff_ffff_ffff_ffffn],
    ['an address that wraps', 0xffff_ffff_ffff_fff8n, 16, 8n],
    ['an address that a number rounds', (1n << 53n) + 1n, 0, (1n << 53n) + 1n],
    ['an address below null', 0n, -8, 0xffff_ffff_ffff_fff8n],
    ['the context, cut to 32 bits', BigInt.asUintN(32, CTX_BASE), 0, BigInt.asUintN(32, CTX_BASE)],
  ])('exclude %s', (_name, base, off, want) => {
    expect(access(base, k.ldx(8, 'r4', 'r3', off))).toBe(`read ${hex64(want)} 8 at 3`);
  });

  it('wrap around into a region, as the machine does', () => {
    expect(access(CTX_BASE + 8n, k.ldx(8, 'r4', 'r3', -8))).toBe(fine);
  });

  it('give no context without input', () => {
    expect(end([k.ldx(1, 'r0', 'r1', 0), k.exit])).toBe(`read ${hex64(0n)} 1 at 0`);
    expect(r0([k.mov('r0', 'r1'), k.add('r0', 'r2'), k.exit])).toBe(hex64(0n));
  });
});

describe('data sections', () => {
  const program = k.link(
    [[k.lddw('r1', DATA_BASE), k.store(4, 'r1', 4, 7), k.ldx(8, 'r0', 'r1', 0), k.exit]],
    { data: DATA },
  );

  it('come back in the order of the program, and the program keeps its own', () => {
    const want = new Uint8Array(16);
    want[4] = 7;
    expect(interpret(program, k.envOf()).data).toEqual([want, BYTES]);
    expect(program.data[0]?.bytes).toEqual(new Uint8Array(16));
  });

  const section = (address: bigint, size: number): DataSection => ({
    name: '.more',
    address,
    bytes: new Uint8Array(size),
    writable: true,
  });
  const withMore = (more: DataSection) => () =>
    interpret({ ...program, data: [...DATA, more] }, k.envOf({ memory: BYTES }));

  it.each([
    ['overlap', DATA_BASE + 15n, 'data at 0x35d18000000f: overlaps the 16 bytes at 0x35d180000000'],
    ['lie on the context', CTX_BASE, 'data at 0x2a5cbe000000: overlaps the 9 bytes at 0x2a5cbe000000'],
    ['lie too high', 1n << 53n, 'section .more: its address 0x20000000000000 is not below 2^53'],
    ['end too high', (1n << 53n) - 8n, 'section .more: its address 0x1ffffffffffff8 is not below 2^53'],
    ['lie below 0', -8n, 'section .more: its address 0xfffffffffffffff8 is not below 2^53'],
  ])('must not %s', (_name, address, why) => {
    expect(withMore(section(address, 8))).toThrow(`interpret: ${why}`);
  });

  it.each([
    ['next to each other', section(DATA_BASE + 16n, 8)],
    ['right before another', section(DATA_BASE - 8n, 8)],
    ['at the very end', section((1n << 53n) - 9n, 8)],
    ['anywhere if they are empty', section(DATA_BASE + 4n, 0)],
  ])('may lie %s', (_name, more) => {
    expect(describeOutcome(withMore(more)().outcome)).toBe(`exit ${hex64(7n << 32n)}`);
  });
});

describe("a frame's stack, as a call shows it", () => {
  // biome-ignore format: a table
  it.each([
    ['nothing, if nothing was stored', [],                               null],
    ['all of it',                      [k.store(8, 'r10', -512, 1)],     { lowest: 512, poison: 504 }],
    ['the whole word of its lowest byte', [k.store(4, 'r10', -508, 1)],  { lowest: 512, poison: 508 }],
    ['no poison where there is none',  [k.store(8, 'r10', -8, 1)],       { lowest: 8, poison: 0 }],
  ] as const)('has %s', (_what, insns, want) => {
    const [call] = run([...insns, k.helper(1), k.exit]).trace.events;
    const stack = call?.stack ?? null;
    const seen = stack && {
      lowest: Number(MAIN_FP - stack.address),
      poison: Array.from(stack.poison ?? []).filter((flag) => flag === 1).length,
    };
    expect(seen).toEqual(want);
    expect(stack?.bytes.length).toBe(want?.lowest);
  });
});

describe('memory and poison', () => {
  const poisonR0 = 'poison: r0 as result of main';

  it('makes fresh stack poison', () => {
    expect(end([k.ldx(8, 'r0', 'r10', -8), k.exit])).toBe(`${poisonR0} at 1`);
  });

  it.each([1, 2, 4] as const)('makes a load poison that covers one byte too many of %d', (size) => {
    const wider = (size * 2) as 2 | 4 | 8;
    expect(end([k.store(size, 'r10', -8, 1), k.ldx(wider, 'r0', 'r10', -8), k.exit])).toBe(
      `${poisonR0} at 2`,
    );
    expect(r0([k.store(size, 'r10', -8, 1), k.ldx(size, 'r0', 'r10', -8), k.exit])).toBe(hex64(1n));
  });

  it('keeps poison through a spill', () => {
    const spill = [k.store(8, 'r10', -8, 1), k.store(8, 'r10', -8, 'r9'), k.ldx(8, 'r0', 'r10', -8), k.exit];
    expect(end(spill)).toBe(`${poisonR0} at 3`);
  });

  it('reports poison bytes of the context and of data, and only those', () => {
    const program = k.link(
      [
        [
          k.store(2, 'r1', 3, 'r9'),
          k.lddw('r1', DATA_BASE),
          k.store(1, 'r1', 5, 'r9'),
          k.mov('r0', 0),
          k.exit,
        ],
      ],
      { data: DATA },
    );
    const got = interpret(program, k.envOf({ memory: BYTES }));
    expect(got.memoryPoison).toEqual(Uint8Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0));
    expect(got.dataPoison).toEqual([Uint8Array.from({ length: 16 }, (_, i) => (i === 5 ? 1 : 0)), undefined]);
    const clean = runAll([[k.mov('r0', 0), k.exit]], { memory: BYTES }, { data: DATA });
    expect(Object.keys(clean)).not.toContain('memoryPoison');
    expect(Object.keys(clean)).not.toContain('dataPoison');
  });

  it.each([
    ['ldx', k.ldx(8, 'r0', 'r3', 0)],
    ['st', k.store(8, 'r3', 0, 1)],
    ['stx', k.store(8, 'r3', 0, 'r10')],
    ['atomic', k.atomic('add', 8, 'r3', 0, 'r10')],
    ['load_acquire', k.atomic('load_acquire', 8, 'r0', 0, 'r3')],
    ['store_release', k.atomic('store_release', 8, 'r3', 0, 'r10')],
  ])('stops %s at a poison address', (_name, insn) => {
    expect(end([insn, k.exit])).toBe('poison: r3 as address at 0');
  });
});

describe('lddw', () => {
  it('loads 64 bits', () => {
    expect(r0([k.lddw('r0', 0xfedc_ba98_7654_3210n), k.exit])).toBe('0xfedcba9876543210');
  });

  it.each([
    [1, 'map_by_fd'],
    [2, 'map_val_by_fd'],
    [3, 'var_addr'],
    [5, 'map_by_idx'],
    [6, 'map_val_by_idx'],
  ])('of kind %d is not run', (src, name) => {
    expect(end([k.lddw('r0', 0n, src), k.exit])).toBe(`unsupported: lddw ${name} at 0`);
  });

  it('of a code address is where the function lies', () => {
    const program = k.link([
      [k.lddw('r0', 2n, 4), k.exit],
      [k.mov('r0', 0), k.exit],
    ]);
    const { outcome } = interpret(program, k.envOf());
    expect(outcome).toEqual({ kind: 'exit', r0: CODE_BASE + 16n });
  });
});

describe('legacy packet access', () => {
  it.each(['ld_abs', 'ld_ind'] as const)('%s is not run', (kind) => {
    expect(end([{ kind, size: 4, src: 0, imm: 0 }, k.exit])).toBe(`unsupported: ${kind} at 0`);
  });
});
