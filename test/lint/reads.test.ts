import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import type { Callee } from '../../src/bpf/program.ts';
import { type Breach, breachesOf } from '../../src/lint/lint.ts';
import { range, reg } from '../kit/calls.ts';
import * as k from '../kit/insns.ts';

const KFUNC: Callee = { kind: 'kfunc', id: 1, name: 'kfunc1', args: 7 };
const call = k.kfunc(1);
const setRegs: Insn[] = range(1, 5).map((n) => k.mov(reg(n), n));
const done: Insn[] = [k.mov('r0', 0), k.exit];

/** Breaches of a program whose main calls a function of `args` arguments with these instructions. */
function linesOf(insns: readonly Insn[], args: number): string[] {
  const main = [...setRegs, ...range(6, args).map((n) => k.passArg(n, n)), k.sub(1), k.exit];
  const functionArgs = new Map([
    [0, 2],
    [main.length, args],
  ]);
  const program = k.link([main, insns], { functionArgs, callees: [KFUNC] });
  const breaches = breachesOf(program, { writes: 'doubted' });
  return breaches.map((breach) => describeBreach(breach, main.length));
}

/** Slots counted from the function's first one; main's as they are, in brackets. */
const describeBreach = ({ rule, pc, values }: Breach, start: number): string =>
  [`${pc < start ? `[${pc}]` : pc - start}: ${rule}`, ...values].join(' ');

type Row = readonly [name: string, insns: readonly Insn[], args: number, want: readonly string[]];

const passBoth = [k.passArg(6, 6), k.passArg(7, 7)];

const KEPT: readonly Row[] = [
  ['loads at the head', [k.takeArg('r6', 7), k.takeArg('r1', 6), ...done], 7, []],
  ['loads after a branch', [k.jcc(64, 'jeq', 'r1', 0, 1), k.takeArg('r6', 6), ...done], 6, []],
  ['all arguments before the call', [...setRegs, ...passBoth, call, k.exit], 5, []],
  [
    'stores on both ways',
    [
      ...setRegs,
      k.passArg(7, 1),
      k.jcc(64, 'jeq', 'r1', 0, 2),
      k.passArg(6, 1),
      k.ja(1),
      k.passArg(6, 2),
      call,
      k.exit,
    ],
    5,
    [],
  ],
  [
    'r6..r9 live across a call',
    [k.mov('r6', 1), ...setRegs, ...passBoth, call, k.mov('r0', 'r6'), k.exit],
    5,
    [],
  ],
  [
    'stack through a pointer',
    [k.mov('r1', 'r10'), k.add('r1', -16), k.store(8, 'r1', 8, 1), k.ldx(4, 'r0', 'r10', -4), k.exit],
    1,
    [],
  ],
  ['a loop', [k.mov('r0', 3), k.add('r0', -1), k.jcc(64, 'jne', 'r0', 0, -2), k.exit], 0, []],
];

const BROKEN: readonly Row[] = [
  [
    'load after a store',
    [...setRegs, k.passArg(6, 6), k.takeArg('r6', 6), k.passArg(7, 1), call, k.exit],
    6,
    ['6: late-load'],
  ],
  ['load after a call', [...setRegs, ...passBoth, call, k.takeArg('r6', 7), ...done], 7, ['8: late-load']],
  [
    'load after a store on one way',
    [
      k.jcc(64, 'jeq', 'r1', 0, 1),
      k.passArg(6, 1),
      k.takeArg('r6', 6),
      ...setRegs,
      ...passBoth,
      call,
      k.exit,
    ],
    6,
    ['2: late-load'],
  ],
  ['load beyond the arguments', [k.takeArg('r6', 8), ...done], 7, ['0: excess-load 24 16']],
  ['a slot not stored', [...setRegs, k.passArg(6, 6), call, k.exit], 5, ['6: missing-argument 7 2']],
  [
    'a slot stored on one way',
    [...setRegs, k.passArg(6, 6), k.jcc(64, 'jeq', 'r1', 0, 1), k.passArg(7, 7), call, k.exit],
    5,
    ['8: missing-argument 7 2'],
  ],
  [
    'slots not stored again',
    [...setRegs, ...passBoth, call, ...setRegs, call, k.exit],
    5,
    ['13: stale-argument 7 1', '13: stale-argument 7 2'],
  ],
  [
    'a slot no call needs',
    [...setRegs, ...passBoth, k.passArg(8, 8), call, k.exit],
    5,
    ['7: unneeded-store 1 3 2'],
  ],
  ['a store without a call', [k.passArg(6, 6), ...done], 5, ['0: unneeded-store 1 1 0']],
  ['a register never written', [k.mov('r0', 'r6'), k.exit], 5, ['0: unset-register 6']],
  ['no result that main relies on', [k.exit], 5, ['[6]: unset-register 0']],
  ['an argument beyond its number', [k.mov('r0', 'r2'), k.exit], 1, ['0: unset-register 2']],
  [
    'an argument register after a call',
    [...setRegs, ...passBoth, call, k.add('r0', 'r3'), k.exit],
    5,
    ['8: unset-register 3'],
  ],
  [
    'a call with an argument register unset',
    [...setRegs.slice(1), ...passBoth, call, k.exit],
    0,
    ['6: unset-register 1'],
  ],
  [
    'a register written on one way',
    [k.jcc(64, 'jeq', 'r1', 0, 1), k.mov('r0', 1), k.exit],
    1,
    ['[6]: unset-register 0'],
  ],
  [
    'cmpxchg without r0',
    [k.store(8, 'r10', -8, 1), k.atomic('cmpxchg', 8, 'r10', -8, 'r1'), k.exit],
    1,
    ['1: unset-register 0'],
  ],
  ['stack never written', [k.ldx(8, 'r0', 'r10', -8), k.exit], 0, ['0: unset-stack -8 0 8']],
  [
    'stack written in part',
    [k.store(4, 'r10', -8, 1), k.ldx(8, 'r0', 'r10', -8), k.exit],
    0,
    ['1: unset-stack -8 4 8'],
  ],
  [
    'stack written on one way',
    [k.jcc(64, 'jeq', 'r1', 0, 1), k.store(8, 'r10', -8, 1), k.ldx(8, 'r0', 'r10', -8), k.exit],
    1,
    ['2: unset-stack -8 0 8'],
  ],
  [
    'atomic on stack never written',
    [k.mov('r0', 1), k.atomic('add', 8, 'r10', -16, 'r0'), k.exit],
    0,
    ['1: unset-stack -16 0 8'],
  ],
];

describe('breachesOf', () => {
  it.each(KEPT)('finds nothing in: %s', (_, insns, args, want) => {
    expect(linesOf(insns, args)).toEqual(want);
  });

  it.each(BROKEN)('finds: %s', (_, insns, args, want) => {
    expect(linesOf(insns, args)).toEqual(want);
  });

  it('looks at no code that no way leads to', () => {
    expect(linesOf([k.mov('r0', 0), k.exit, k.mov('r0', 'r7'), k.exit], 0)).toEqual([]);
  });
});
