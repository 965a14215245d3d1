/**
 * What Linux's selftests for stack arguments have loaded (tools/testing/selftests/bpf/), case by case, in programs of
 * our own: the linter passes them, and what they return there is returned here. Kfuncs of Linux's test module, dynptrs
 * and iterators are not modelled: of those the linter sees calls with so many arguments, pointers to the stack among
 * them, and what they return is not compared. Log lines of the verifier on precision and liveness have no counterpart:
 * nothing is pruned here.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { Checker } from '../../src/checker.ts';
import { lint } from '../../src/lint/lint.ts';
import { linesOf, passing, programOf, summing } from './kit.ts';

const checker = new Checker();
afterAll(() => checker.close());

/** x and y of what a pointer points to are added. */
const both = (reg: string): string =>
  `r8 = *(u64 *)(${reg} + 0)\nr0 += r8\nr8 = *(u64 *)(${reg} + 8)\nr0 += r8`;
/** r6 points to { 10, 20 } on the stack. */
const DATA = '*(u64 *)(r10 - 16) = 10\n*(u64 *)(r10 - 8) = 20\nr6 = r10\nr6 += -16\n';
/** The last of so many arguments is r6. */
const lastIsR6 = (count: number, callee: string): string =>
  passing(count, callee).replace(`- ${8 * (count - 5)}) = ${count}`, `- ${8 * (count - 5)}) = r6`);
/** main, which calls a global function that does it. */
const inGlobal = (name: string, text: string): string =>
  `.globl main\nmain:\ncall ${name}\nexit\n.globl ${name}\n${name}:\n${text}exit\n`;
const kfunc = (count: number, more = ''): string =>
  `# oracle: proto kfunc=${count}\nmain:\n${more}${lastIsR6(count, 'kfunc')}r0 = 0\nexit\n`;

type Row = readonly [name: string, text: string, retval?: bigint];

const STACK_ARG: readonly Row[] = [
  ['test_global_many_args', `${inGlobal('global', passing(10, 'f'))}${summing('f', 10)}`, 55n],
  [
    'test_bpf2bpf_ptr_stack_arg',
    `${inGlobal('global', DATA + lastIsR6(10, 'f'))}${summing('f', 10, both)}`,
    75n,
  ],
  [
    'test_bpf2bpf_mix_stack_args',
    `${inGlobal(
      'global',
      `${DATA}${lastIsR6(10, 'f').replace('- 24) = 8', '- 24) = r6').replace('- 32) = 9', '- 32) = 8')}`,
    )}f:
r0 = r1
r0 += r2
r0 += r3
r0 += r4
r0 += r5
r6 = *(u64 *)(r11 + 8)
r0 += r6
r6 = *(u64 *)(r11 + 16)
r0 += r6
r6 = *(u64 *)(r11 + 24)
r6 = *(u64 *)(r6 + 0)
r0 += r6
r6 = *(u64 *)(r11 + 32)
r0 += r6
r6 = *(u64 *)(r11 + 40)
r6 = *(u64 *)(r6 + 8)
r0 += r6
exit
`,
    66n,
  ],
  [
    'test_bpf2bpf_nesting_stack_arg',
    `${inGlobal('global', DATA + lastIsR6(10, 'outer'))}outer:
r0 = *(u64 *)(r11 + 8)
r6 = *(u64 *)(r11 + 16)
r7 = *(u64 *)(r11 + 24)
r8 = *(u64 *)(r11 + 32)
r9 = *(u64 *)(r11 + 40)
r0 += 1
*(u64 *)(r11 - 8) = r0
r6 += 1
*(u64 *)(r11 - 16) = r6
r7 += 1
*(u64 *)(r11 - 24) = r7
r8 += 1
*(u64 *)(r11 - 32) = r8
*(u64 *)(r11 - 40) = r9
r1 += 1
r2 += 1
r3 += 1
r4 += 1
r5 += 1
call inner
exit
${summing('inner', 10, both)}`,
    84n,
  ],
  [
    'test_bpf2bpf_dynptr_stack_arg: pointer to a dynptr that a kfunc has made',
    `# oracle: proto bpf_dynptr_from_skb=3
# oracle: proto bpf_dynptr_size=1
main:
r2 = 0
r3 = r10
r3 += -16
call bpf_dynptr_from_skb
r6 = r10
r6 += -16
${lastIsR6(10, 'f')}exit
f:
r1 = *(u64 *)(r11 + 40)
call bpf_dynptr_size
r0 = 0
exit
`,
  ],
  [
    'test_two_callees',
    `${inGlobal('global', `${passing(10, 'foo1')}r6 = r0\n${passing(12, 'foo2')}r0 += r6\n`)}${summing('foo1', 10)}${summing('foo2', 12)}`,
    133n,
  ],
  [
    'test_async_cb_many_args: a timer callback',
    `main:
*(u64 *)(r10 - 8) = 0
r2 = r10
r2 += -8
r1 = map_by_fd(3)
call 1
if r0 == 0 goto out
r1 = r0
r2 = callback ll
call 170
out:
r0 = 0
exit
callback:
${passing(10, 'f')}r0 = 0
exit
${summing('f', 10)}`,
  ],
];

const STACK_ARG_KFUNC: readonly Row[] = [
  ['test_stack_arg_scalar', `# oracle: proto kfunc=10\nmain:\n${passing(10, 'kfunc')}r0 = 0\nexit\n`, 0n],
  ['test_stack_arg_ptr', kfunc(10, DATA), 0n],
  ['test_stack_arg_mix', kfunc(10, DATA).replace('- 24) = 8', '- 24) = r6'), 0n],
  [
    'test_stack_arg_dynptr',
    `# oracle: proto dynptr=3\n${kfunc(10, 'r2 = 0\nr3 = r10\nr3 += -16\ncall dynptr\nr6 = r10\nr6 += -16\n')}`,
  ],
  [
    'test_stack_arg_mem: memory and its size',
    `# oracle: proto kfunc=7\nmain:\n${DATA}${passing(7, 'kfunc').replace('- 8) = 6', '- 8) = r6').replace('= 7', '= 16')}r0 = 0\nexit\n`,
    0n,
  ],
  [
    'test_stack_arg_iter',
    `# oracle: proto new=3\n# oracle: proto destroy=1\n${kfunc(10, 'r6 = r10\nr6 += -16\nr1 = r6\nr2 = 100\nr3 = 10\ncall new\n').replace('r0 = 0\nexit', 'r1 = r6\ncall destroy\nr0 = 0\nexit')}`,
  ],
  ['test_stack_arg_const_str', kfunc(10, 'r6 = 0x35d180000000 ll\n')],
  [
    'test_stack_arg_timer',
    `${kfunc(10, '*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = map_by_fd(3)\ncall 1\nif r0 == 0 goto out\nr6 = r0\n').replace('r0 = 0\nexit', 'out:\nr0 = 0\nexit')}`,
  ],
];

const STACK_ARG_PRECISION: readonly Row[] = [
  [
    'precision backtracking across bpf2bpf call for kfunc: success alone, without its log',
    `# oracle: proto kfunc=7
main:
call 7
r6 = r0
r1 = 1
r2 = 2
r3 = 3
r4 = 4
r5 = 5
if r6 < 2 goto two
*(u64 *)(r11 - 8) = 4
goto on
two:
*(u64 *)(r11 - 8) = 6
on:
call f
exit
f:
r1 = *(u64 *)(r11 + 8)
r2 = 0x0807060504030201 ll
*(u64 *)(r10 - 8) = r2
r2 = r10
r2 += -8
*(u64 *)(r11 - 8) = r2
*(u64 *)(r11 - 16) = r1
r1 = 1
r2 = 2
r3 = 3
r4 = 4
r5 = 5
call kfunc
exit
`,
  ],
];

const THROW = '# oracle: proto bpf_throw=1\n';
const slots = (from: number, to: number): string =>
  Array.from(
    { length: to - from + 1 },
    (_, k) => `*(u64 *)(r11 - ${8 * (from + k - 5)}) = ${from + k}\n`,
  ).join('');
/** What throws the sum of ten arguments, before or after the slots are stored to again. */
const throwing = (again: string): string =>
  `${passing(10, 'sum')}${again}r1 = r0\ncall bpf_throw\nr0 = 0\nexit\n`;

const EXCEPTIONS: readonly Row[] = [
  ['a throw with live outgoing arguments', `${THROW}main:\n${throwing(slots(6, 10))}${summing('sum', 10)}`],
  ['a throw after the call', `${THROW}main:\n${throwing('')}${summing('sum', 10)}`],
  [
    'a throw with live outgoing arguments in a subprog',
    `${THROW}main:\n${passing(10, 'f')}exit\nf:\nr6 = *(u64 *)(r11 + 40)\n${throwing(slots(6, 10))}${summing('sum', 10)}`,
  ],
  [
    'a throw after the call in a subprog',
    `${THROW}main:\n${passing(10, 'f')}exit\nf:\nr6 = *(u64 *)(r11 + 40)\n${throwing('')}${summing('sum', 10)}`,
  ],
];

const TAIL_CALLS: readonly Row[] = [
  [
    'tracing_stack_arg_tailcall_tgt.c: eight arguments beside a path with a tail call',
    `main:
r6 = r1
call call_stack
r1 = r6
call subprog_tail
r0 = 0
exit
call_stack:
${passing(8, 'callee_stack')}exit
subprog_tail:
r2 = 0
r3 = 0
call 12
r0 = 0
exit
${summing('callee_stack', 8)}`,
  ],
];

const VERIFIER_STACK_ARG: readonly Row[] = [
  ['stack_arg: subprog with 6 args', `main:\n${passing(6, 'six')}exit\n${summing('six', 6)}`, 21n],
  [
    'stack_arg: two subprogs with >5 args',
    `main:\n${passing(6, 'six').replace('= 6', '= 10')}r6 = r0\n${passing(7, 'seven').replace('= 6', '= 20').replace('= 7', '= 30')}r0 += r6\nexit\n${summing('six', 6)}${summing('seven', 7)}`,
    90n,
  ],
  [
    'stack_arg: share a store for both branches',
    `main:
call 7
*(u64 *)(r11 - 16) = 20
if r0 > 0 goto other
*(u64 *)(r11 - 8) = 10
r1 = 1
r2 = 2
r3 = 3
r4 = 4
r5 = 5
call seven
goto out
other:
*(u64 *)(r11 - 8) = 30
r1 = 1
r2 = 2
r3 = 3
r4 = 4
r5 = 5
call seven
out:
r0 = 0
exit
${summing('seven', 7)}`,
    0n,
  ],
];

describe.each([
  ['progs/stack_arg.c', STACK_ARG],
  ['progs/verifier_stack_arg.c', VERIFIER_STACK_ARG],
  ['progs/stack_arg_kfunc.c', STACK_ARG_KFUNC],
  ['progs/stack_arg_precision.c', STACK_ARG_PRECISION],
  ['progs/exceptions.c', EXCEPTIONS],
  ['tail calls beside', TAIL_CALLS],
])('%s', (_, rows) => {
  it.each(rows.map(([name, text, retval]) => ({ name, text, retval })))('$name', ({ text, retval }) => {
    const program = programOf(text);
    expect(linesOf(lint(program).findings)).toEqual([]);
    if (retval === undefined) return;
    const { verdict, want } = checker.check(program);
    expect(want?.outcome).toEqual({ kind: 'exit', r0: retval });
    expect(verdict).toBe('agree');
  });
});
