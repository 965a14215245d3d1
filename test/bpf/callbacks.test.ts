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

describe('the address of a function', () => {
  it.skipIf(CLANG === undefined)('is relocated in what clang makes of a pointer', () => {
    const { object } = compileC(SOURCE);
    const { program } = readElf(object ?? new Uint8Array(), { fileName: 'x.o', function: 'entry' });
    expect(program.callbacks?.map((index) => program.subprogs[index]?.name).sort()).toEqual(['add', 'twice']);
    expect(program.subprogs.find(({ name }) => name === 'add')?.args).toBe(2);
    expect(check(program, { expected: 103_010n }).verdict).toBe('agree');
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
