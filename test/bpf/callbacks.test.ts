/** Addresses of functions: from clang's objects, through bytes and back. */
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/bpf/decode.ts';
import { readElf } from '../../src/bpf/elf.ts';
import { encode } from '../../src/bpf/encode.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { check } from '../../src/checker.ts';
import { ADD_INDEX, loop, programOf } from '../kit/callbacks.ts';
import { CLANG, compileC } from '../kit/clang.ts';

const SOURCE = `
static long (*bpf_loop)(unsigned nr, void *fn, void *ctx, unsigned long flags) = (void *)181;
struct ctx { unsigned long sum; };
static __attribute__((noinline)) int add(unsigned long i, struct ctx *c) { c->sum += i * 3; return i == 7; }
static __attribute__((noinline)) int twice(unsigned long i, struct ctx *c) { bpf_loop(3, add, c, 0); return 0; }
__attribute__((section("prog"))) unsigned long entry(void *mem, unsigned long size) {
  struct ctx c = { 1 };
  long n = bpf_loop(20, add, &c, 0);
  n += bpf_loop(2, twice, &c, 0);
  return c.sum * 1000 + n;
}
`;

const TIMERS = `
struct timer { unsigned long opaque[2]; };
struct elem { unsigned long key; struct timer timer; unsigned long sum; };
static long (*init)(struct timer *t, void *map, unsigned long flags) = (void *)169;
static long (*set_callback)(struct timer *t, void *fn) = (void *)170;
static long (*start)(struct timer *t, unsigned long nsecs, unsigned long flags) = (void *)171;
struct elem map[2] = { { 3 }, { 5 } };
static int tick(void *m, struct elem *key, struct timer *value) {
  key->sum += key->key * 10 + 1;
  if (key->sum < 100) start(value, 1000, 0);
  return 0;
}
__attribute__((section("prog"))) unsigned long entry(void *mem, unsigned long size) {
  long r = 0;
  for (int i = 0; i < 2; i++) {
    r |= init(&map[i].timer, map, 1);
    r |= set_callback(&map[i].timer, tick);
    r |= start(&map[i].timer, 2000, 0);
  }
  return r;
}
`;

describe('the address of a function', () => {
  it.skipIf(CLANG === undefined)('is relocated in what clang makes of a pointer', () => {
    const { object } = compileC(SOURCE);
    const { program } = readElf(object ?? new Uint8Array(), { fileName: 'x.o', function: 'entry' });
    expect(program.callbacks?.map((index) => program.subprogs[index]?.name).sort()).toEqual(['add', 'twice']);
    expect(program.subprogs.find(({ name }) => name === 'add')?.args).toBe(2);
    expect(check(program, { expected: 103_010n }).verdict).toBe('agree');
  });

  it.skipIf(CLANG === undefined)('is given to timers in what clang makes of it', () => {
    const { object } = compileC(TIMERS);
    const { program } = readElf(object ?? new Uint8Array(), { fileName: 'x.o', function: 'entry' });
    expect(program.callbacks?.map((index) => program.subprogs[index]?.name)).toEqual(['tick']);
    const { verdict, got } = check(program, { expected: 0n });
    expect(verdict).toBe('agree');
    // Each adds ten times its key and 1 until it is at 100: four times 31, two times 51.
    const sums = Buffer.from(got?.data[0] ?? []);
    expect([sums.readBigUInt64LE(24), sums.readBigUInt64LE(56)]).toEqual([124n, 102n]);
  });

  it('is a distance from the slot behind its own, in bytes too', () => {
    const program = programOf(loop(ADD_INDEX));
    const bytes = encode(program.insns);
    // lddw at slot 3, src 4; the function begins at slot 14.
    expect(Buffer.from(bytes.subarray(24, 40)).toString('hex')).toBe('184200000a0000000000000000000000');
    const again = buildProgram(decode(bytes));
    expect(again.callbacks).toEqual([1]);
    expect(again.subprogs.map(({ start }) => start)).toEqual(program.subprogs.map(({ start }) => start));
    expect(check(again).verdict).toBe('agree');
  });
});
