/**
 * Programs in the shape of Linux's own tests of stack arguments (tools/testing/selftests/bpf/progs/stack_arg.c,
 * stack_arg_kfunc.c, verifier_stack_arg.c, exceptions.c; linux 6e277efbb19d), with the results those state: each
 * returns a plain sum of small consecutive numbers, which stays the same when arguments change places. Written
 * anew in assembler; where only a test's shape and result are known, the operands are chosen to give the result.
 * Left out: tests with dynptrs, iterators and timers, and the one test with tail calls, whose sum is weighted.
 */
import type { CalleeCall, CalleeModel } from '../core/env.ts';
import { type U64, u64 } from '../core/u64.ts';

export interface SelftestSum {
  readonly name: string;
  /** LLVM's dialect; the first instruction is main's. */
  readonly asm: string;
  /** Arguments of the functions and kfuncs it calls. */
  readonly args: ReadonlyMap<string, number>;
  /** r0, as the test states it. */
  readonly expected: U64;
}

/** Instructions that put values into the places of arguments 1, 2, …: registers, then stores at r11 - 8, …. */
function pass(...values: readonly (number | string)[]): string {
  const slots = values.slice(5).map((value, i) => `*(u64 *)(r11 - ${8 * (i + 1)}) = ${value}`);
  const regs = values.slice(0, 5).map((value, i) => `r${i + 1} = ${value}`);
  return [...slots, ...regs].join('\n');
}

/** The numbers from `first` to `last`. */
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** r0 = sum of the arguments 1..n. */
function sumOf(n: number): string {
  const regs = range(1, Math.min(n, 5)).map((i) => (i === 1 ? 'r0 = r1' : `r0 += r${i}`));
  const slots = range(6, n).map((i) => `r1 = *(u64 *)(r11 + ${8 * (i - 5)})\nr0 += r1`);
  return [...regs, ...slots].join('\n');
}

const func = (name: string, ...body: readonly string[]): string => [`${name}:`, ...body, 'exit'].join('\n');
const text = (...functions: readonly string[]): string => `${functions.join('\n')}\n`;

/** Two words below r10, and their addresses in r6 and r7. */
const twoWords = (low: number, high: number): string =>
  [
    `*(u64 *)(r10 - 16) = ${low}`,
    `*(u64 *)(r10 - 8) = ${high}`,
    'r6 = r10',
    'r6 += -16',
    'r7 = r10',
    'r7 += -8',
  ].join('\n');

/** Argument n, and the word it points to added to r0. */
const addPointed = (n: number, off = 0): string =>
  `r1 = *(u64 *)(r11 + ${8 * (n - 5)})\nr1 = *(u64 *)(r1 + ${off})\nr0 += r1`;

/** Arguments 8 and 10 are pointers: the sum of all others and of what they point to. */
const MIX = func('mix', sumOf(7), addPointed(8), 'r1 = *(u64 *)(r11 + 32)', 'r0 += r1', addPointed(10));

/** 1..7 and 9, and 9 and 20 behind the pointers. */
const MIX_CALL = [twoWords(9, 20), pass(...range(1, 7), 'r6', 9, 'r7')];

const args = (...pairs: readonly (readonly [string, number])[]): ReadonlyMap<string, number> =>
  new Map(pairs);

export const SELFTEST_SUMS: readonly SelftestSum[] = [
  {
    name: 'stack_arg: global_many_args',
    asm: text(func('entry', pass(...range(1, 10)), 'call many'), func('many', sumOf(10))),
    args: args(['many', 10]),
    expected: 55n,
  },
  {
    name: 'stack_arg: bpf2bpf_ptr',
    asm: text(
      func('entry', twoWords(10, 20), pass(...range(1, 9), 'r6'), 'call many'),
      func('many', sumOf(9), addPointed(10), addPointed(10, 8)),
    ),
    args: args(['many', 10]),
    expected: 75n,
  },
  {
    name: 'stack_arg: mix',
    asm: text(func('entry', ...MIX_CALL, 'call mix'), MIX),
    args: args(['mix', 10]),
    expected: 66n,
  },
  {
    name: 'stack_arg: nesting',
    asm: text(
      func('entry', pass(...range(1, 10)), 'call outer'),
      // Incoming arguments 9 and 10 are kept over a call with ten of its own.
      func(
        'outer',
        'r7 = *(u64 *)(r11 + 32)',
        'r8 = *(u64 *)(r11 + 40)',
        pass(...range(2, 11)),
        'call inner',
        'r0 += r7',
        'r0 += r8',
      ),
      func('inner', sumOf(10)),
    ),
    args: args(['outer', 10], ['inner', 10]),
    expected: 84n,
  },
  {
    name: 'stack_arg: two_callees',
    asm: text(
      func(
        'entry',
        pass(...range(1, 10)),
        'call foo1',
        'r6 = r0',
        pass(...range(1, 12)),
        'call foo2',
        'r0 += r6',
      ),
      func('foo1', sumOf(10)),
      func('foo2', sumOf(12)),
    ),
    args: args(['foo1', 10], ['foo2', 12]),
    expected: 133n,
  },
  {
    name: 'stack_arg: async (what its callback computes)',
    asm: text(func('entry', pass(...range(1, 10).map((n) => 10 * n)), 'call many'), func('many', sumOf(10))),
    args: args(['many', 10]),
    expected: 550n,
  },
  {
    name: 'stack_arg_kfunc: scalar',
    asm: text(func('entry', pass(...range(1, 10)), 'call kfunc_sum')),
    args: args(['kfunc_sum', 10]),
    expected: 55n,
  },
  {
    name: 'stack_arg_kfunc: ptr',
    asm: text(func('entry', twoWords(10, 20), pass(...range(1, 9), 'r6'), 'call kfunc_ptr')),
    args: args(['kfunc_ptr', 10]),
    expected: 75n,
  },
  {
    name: 'stack_arg_kfunc: mix',
    asm: text(func('entry', ...MIX_CALL, 'call kfunc_mix')),
    args: args(['kfunc_mix', 10]),
    expected: 66n,
  },
  {
    name: 'stack_arg_kfunc: mem, size',
    asm: text(func('entry', twoWords(60, 60), pass(...range(1, 5), 'r6', 16), 'call kfunc_mem')),
    args: args(['kfunc_mem', 7]),
    expected: 151n,
  },
  {
    name: 'stack_arg_kfunc: const_str',
    asm: text(func('entry', twoWords(0, 0), pass(...range(1, 9), 'r6'), 'call kfunc_str')),
    args: args(['kfunc_str', 10]),
    expected: 45n,
  },
  {
    name: 'verifier_stack_arg: 6 args',
    asm: text(func('entry', pass(...range(1, 6)), 'call six'), func('six', sumOf(6))),
    args: args(['six', 6]),
    expected: 21n,
  },
  {
    name: 'verifier_stack_arg: two subprogs',
    asm: text(
      func(
        'entry',
        pass(...range(1, 8)),
        'call eight',
        'r6 = r0',
        pass(...range(2, 10)),
        'call nine',
        'r0 += r6',
      ),
      func('eight', sumOf(8)),
      func('nine', sumOf(9)),
    ),
    args: args(['eight', 8], ['nine', 9]),
    expected: 90n,
  },
  {
    name: 'exceptions: stack arguments (the sum, and 1 from the callback)',
    asm: text(
      func('entry', pass(...range(1, 10)), 'call many', 'r1 = r0', 'call callback'),
      func('many', sumOf(10)),
      func('callback', 'r0 = r1', 'r0 += 1'),
    ),
    args: args(['many', 10], ['callback', 1]),
    expected: 56n,
  },
];

const sum = (values: readonly (U64 | undefined)[]): U64 =>
  u64(values.reduce<U64>((a, b) => a + (b ?? 0n), 0n));

/** The words at a pointer; those that cannot be read count as 0. */
const pointed = ({ args, memory }: CalleeCall, position: number, words: number): U64 =>
  sum(range(0, words - 1).map((k) => memory.read(u64((args[position - 1] ?? 0n) + BigInt(8 * k)), 8)));

/** What each kfunc returns, by name. */
export const SELFTEST_KFUNCS: ReadonlyMap<string, CalleeModel> = new Map<string, CalleeModel>([
  ['kfunc_sum', ({ args }) => sum(args)],
  ['kfunc_ptr', (call) => u64(sum(call.args.slice(0, 9)) + pointed(call, 10, 2))],
  [
    'kfunc_mix',
    (call) =>
      u64(sum(call.args.slice(0, 7)) + pointed(call, 8, 1) + (call.args[8] ?? 0n) + pointed(call, 10, 1)),
  ],
  // As many words as argument 7 says, 8 bytes each; more than it ever says are not read.
  [
    'kfunc_mem',
    (call) => u64(sum(call.args.slice(0, 5)) + (call.args[6] === 16n ? 16n + pointed(call, 6, 2) : 0n)),
  ],
  ['kfunc_str', ({ args }) => sum(args.slice(0, 9))],
]);
