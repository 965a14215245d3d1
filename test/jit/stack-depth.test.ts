import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { stackDepths } from '../../src/jit/stack-depth.ts';
import {
  add,
  alu,
  atomic,
  exit,
  helper,
  ja,
  jcc,
  lddw,
  ldx,
  link,
  mov,
  movsx,
  passArg,
  store,
  sub,
  swap,
  takeArg,
} from '../kit/insns.ts';

type Body = readonly Insn[];
const depths = (...subprogs: readonly Body[]): number[] =>
  stackDepths(link(subprogs.map((body) => [...body, exit])));
/** Writes 8 bytes at r1 - 24: how far below its argument a subprog reaches. */
const DOWN: Body = [store(8, 'r1', -24, 0)];

describe('stackDepths of one subprog', () => {
  // biome-ignore format: a table
  it.each<readonly [what: string, body: Body, want: number]>([
    ['no stack at all',                 [mov('r0', 1)], 0],
    ['a pointer nobody uses',           [mov('r1', 'r10'), add('r1', -64)], 0],
    ['a byte',                          [store(1, 'r10', -1, 0)], 8],
    ['a word',                          [store(8, 'r10', -8, 0)], 8],
    ['a byte of the next word',         [store(1, 'r10', -9, 0)], 16],
    ['a load',                          [ldx(4, 'r1', 'r10', -20)], 24],
    ['an atomic',                       [atomic('add', 8, 'r10', -40, 'r1')], 40],
    ['a load into r10',                 [ldx(8, 'r10', 'r1', -20)], 0],
    ['a constant of a number like r10', [lddw('r1', 5n, 10)], 0],
    ['a load-acquire',                  [atomic('load_acquire', 8, 'r1', -48, 'r10')], 48],
    ['a pointer released into the context', [mov('r6', 'r10'), atomic('store_release', 8, 'r1', 0, 'r6'), ldx(8, 'r7', 'r1', 0), store(8, 'r7', -48, 0)], 48],
    ['the lowest of many',              [store(8, 'r10', -8, 0), store(8, 'r10', -200, 0), store(8, 'r10', -16, 0)], 200],
    ['all of it',                       [store(8, 'r10', -512, 0)], 512],
    ['more than there is',              [store(8, 'r10', -600, 0)], 512],
    ['above the frame',                 [store(8, 'r10', 8, 0)], 0],
    ['a copy of r10',                   [mov('r6', 'r10'), store(8, 'r6', -32, 0)], 32],
    ['r10 minus a constant',            [mov('r6', 'r10'), add('r6', -32), store(8, 'r6', -8, 0)], 40],
    ['sub and add of constants',        [mov('r6', 'r10'), alu(64, 'sub', 'r6', 100), add('r6', 60), store(8, 'r6', 0, 0)], 40],
    ['down beyond the frame and back',  [mov('r6', 'r10'), add('r6', -1000), add('r6', 990), store(8, 'r6', 2, 0)], 512],
    ['up beyond the frame and back',    [mov('r6', 'r10'), add('r6', 2000), add('r6', -2000), store(8, 'r6', -8, 0)], 512],
    ['a variable offset',               [mov('r6', 'r10'), add('r6', 'r1'), store(8, 'r6', -8, 0)], 512],
    ['a pointer added to a constant',   [mov('r6', -16), add('r6', 'r10'), store(8, 'r6', 0, 0)], 512],
    ['a masked pointer',                [mov('r6', 'r10'), alu(64, 'and', 'r6', -16), store(8, 'r6', 0, 0)], 512],
    ['a pointer from two halves',       [mov('r6', 'r10'), alu(32, 'mov', 'r7', 'r6'), alu(64, 'rsh', 'r6', 32), alu(64, 'lsh', 'r6', 32), alu(64, 'or', 'r6', 'r7'), store(8, 'r6', -8, 0)], 512],
    ['a pointer sign-extended',         [mov('r6', 'r10'), movsx(64, 32, 'r6', 'r6'), store(8, 'r6', -8, 0)], 512],
    ['a pointer cast to another kind',  [mov('r6', 'r10'), { kind: 'cast', to: 'percpu', dst: 6, src: 6 }, store(8, 'r6', -8, 0)], 512],
    ['a pointer swapped twice',         [mov('r6', 'r10'), swap('bswap', 64, 'r6'), swap('bswap', 64, 'r6'), store(8, 'r6', -8, 0)], 512],
    ['an overwritten pointer',          [mov('r6', 'r10'), lddw('r6', 5n), store(8, 'r6', -8, 0)], 0],
    ['a context pointer',               [store(8, 'r1', -64, 0)], 0],
    ['a spill and its reload',          [mov('r6', 'r10'), add('r6', -40), store(8, 'r10', -8, 'r6'), ldx(8, 'r7', 'r10', -8), store(8, 'r7', 0, 0)], 40],
    ['a spill replaced by a number',    [store(8, 'r10', -8, 'r10'), store(8, 'r10', -8, 0), ldx(8, 'r7', 'r10', -8), store(8, 'r7', -100, 0)], 8],
    ['a spill with its low byte changed', [store(8, 'r10', -8, 'r10'), store(1, 'r10', -8, 0), ldx(8, 'r7', 'r10', -8), store(8, 'r7', 0, 0)], 512],
    ['a spill with its low byte counted up', [store(8, 'r10', -8, 'r10'), mov('r1', -64), atomic('add', 8, 'r10', -8, 'r1'), ldx(8, 'r7', 'r10', -8), store(8, 'r7', 0, 0)], 512],
    ['a pointer added into a slot',     [store(8, 'r10', -8, 0), mov('r1', 'r10'), atomic('add', 8, 'r10', -8, 'r1'), ldx(8, 'r7', 'r10', -8), store(8, 'r7', 0, 0)], 512],
    ['a pointer exchanged out of a slot', [store(8, 'r10', -8, 'r10'), mov('r1', 0), atomic('xchg', 8, 'r10', -8, 'r1'), store(8, 'r1', -72, 0)], 72],
    ['a cmpxchg that may not store',    [store(8, 'r10', -8, 'r10'), mov('r0', 0), mov('r1', 0), atomic('cmpxchg', 8, 'r10', -8, 'r1'), ldx(8, 'r7', 'r10', -8), store(8, 'r7', -56, 0)], 56],
    ['a spill copied in halves',        [store(8, 'r10', -8, 'r10'), ldx(4, 'r1', 'r10', -8), ldx(4, 'r2', 'r10', -4), store(4, 'r10', -16, 'r1'), store(4, 'r10', -12, 'r2'), ldx(8, 'r7', 'r10', -16), store(8, 'r7', -24, 0)], 512],
    ['a pointer through the context',   [store(8, 'r1', 0, 'r10'), ldx(8, 'r6', 'r1', 0), store(8, 'r6', -88, 0)], 88],
    ['a pointer chain in the context',  [mov('r6', 'r10'), add('r6', -16), store(8, 'r1', 0, 'r6'), ldx(8, 'r6', 'r1', 0), store(8, 'r6', 0, 0)], 16],
    ['a number through the context',    [store(8, 'r10', -8, 0), ldx(8, 'r6', 'r1', 0), store(8, 'r6', -88, 0)], 8],
    ['a buffer for a helper',           [mov('r1', 'r10'), add('r1', -48), helper(1)], 48],
    ['a helper argument on the stack',  [mov('r1', 'r10'), add('r1', -48), passArg(7, 'r1'), helper(1)], 48],
    ['a spill that a later call lets others find', [store(8, 'r10', -8, 'r10'), helper(1), ldx(8, 'r7', 'r10', -8), store(8, 'r7', -64, 0), mov('r1', 'r10'), helper(1)], 512],
    ['what a helper returns',           [mov('r1', 'r10'), helper(1), store(8, 'r0', -64, 0)], 0],
  ])('%s', (_what, body, want) => {
    expect(depths(body)).toEqual([want]);
  });

  it('counts what code reaches, not what stands there', () => {
    const skipped = [store(8, 'r10', -8, 0), ja(1), store(8, 'r10', -64, 0), store(8, 'r10', -16, 0)];
    expect(depths(skipped)).toEqual([16]);
    expect(depths([store(8, 'r10', -8, 0), exit, store(8, 'r10', -64, 0)])).toEqual([8]);
  });

  it('finds a loop that starts in what looks unreachable', () => {
    const body = [ja(2), store(8, 'r10', -64, 0), ja(1), jcc(64, 'jeq', 'r1', 0, -3)];
    expect(depths(body)).toEqual([64]);
    expect(depths([store(8, 'r10', -8, 0), jcc(64, 'jeq', 'r1', 0, -2)])).toEqual([8]);
  });

  it('follows no number that comes in as an argument, beside a pointer that does', () => {
    const callee = [takeArg('r6', 6), takeArg('r7', 7), store(8, 'r6', -8, 0), store(8, 'r7', -64, 0)];
    expect(depths([passArg(6, 'r10'), passArg(7, 1), sub(1)], callee)).toEqual([8, 0]);
  });

  it('is not misled by what else is done with r10', () => {
    const uses = [
      movsx(64, 32, 'r6', 'r10'),
      jcc(64, 'jeq', 'r1', 'r10', 0),
      add('r6', 'r10'),
      movsx(64, 32, 'r10', 'r6'),
      lddw('r10', 5n),
      swap('bswap', 64, 'r10'),
      { kind: 'callx', dst: 10 } as const,
    ];
    expect(uses.map((use) => depths([store(8, 'r10', -8, 0), use]))).toEqual(uses.map(() => [8]));
  });

  it('joins paths: the lower one counts', () => {
    const body = [
      mov('r6', 'r10'),
      jcc(64, 'jeq', 'r1', 0, 2),
      add('r6', -80),
      ja(1),
      add('r6', -24),
      store(8, 'r6', 0, 0),
    ];
    expect(depths(body)).toEqual([80]);
  });

  it('joins a pointer with a number', () => {
    const body = [mov('r6', 0), jcc(64, 'jeq', 'r1', 0, 1), mov('r6', 'r10'), store(8, 'r6', -64, 0)];
    expect(depths(body)).toEqual([64]);
  });

  it('joins a path that spills with one that does not, whichever is first', () => {
    const spill = [mov('r6', 'r10'), add('r6', -64), store(8, 'r10', -8, 'r6')];
    const reload = [ldx(8, 'r7', 'r10', -8), store(8, 'r7', 0, 0)];
    expect(depths([jcc(64, 'jeq', 'r1', 0, 3), ...spill, ...reload])).toEqual([64]);
    expect(depths([jcc(64, 'jeq', 'r1', 0, 4), ...spill, ja(1), mov('r2', 0), ...reload])).toEqual([64]);
  });

  it('does not forget a spill written over through what may be another address', () => {
    const body = [
      mov('r7', 'r10'),
      add('r7', -64),
      store(8, 'r10', -8, 'r7'),
      mov('r6', 'r1'),
      jcc(64, 'jeq', 'r2', 0, 2),
      mov('r6', 'r10'),
      add('r6', -8),
      store(8, 'r6', 0, 0),
      ldx(8, 'r8', 'r10', -8),
      store(8, 'r8', 0, 0),
    ];
    expect(depths(body)).toEqual([512]);
  });

  it('sees that a pointer found in memory may lead back into this frame', () => {
    const body = [
      store(8, 'r1', 0, 'r10'),
      ldx(8, 'r6', 'r1', 0),
      mov('r7', 'r10'),
      add('r7', -64),
      store(8, 'r10', -8, 'r7'),
      ldx(8, 'r8', 'r6', -8),
      store(8, 'r8', 0, 0),
    ];
    expect(depths(body)).toEqual([512]);
  });

  it('sees that a call without arguments may change a slot that others have a pointer to', () => {
    const body = [
      mov('r1', 'r10'),
      helper(1),
      mov('r6', 'r10'),
      add('r6', -64),
      store(8, 'r10', -8, 'r6'),
      mov('r6', 0),
      helper(1),
      ldx(8, 'r7', 'r10', -8),
      store(8, 'r7', 0, 0),
    ];
    expect(depths(body)).toEqual([512]);
  });

  it('does not trust a slot written through one of two addresses', () => {
    const body = [
      mov('r6', 'r10'),
      add('r6', -8),
      jcc(64, 'jeq', 'r1', 0, 1),
      add('r6', -8),
      mov('r7', 'r10'),
      add('r7', -64),
      store(8, 'r6', 0, 'r7'),
      ldx(8, 'r8', 'r10', -8),
      store(8, 'r8', 0, 0),
    ];
    expect(depths(body)).toEqual([512]);
  });

  it('gives a pointer that falls in a loop all of the stack, and one that rises what it starts with', () => {
    const loop = (step: number): Body => [
      mov('r6', 'r10'),
      add('r6', -64),
      mov('r7', 4),
      store(8, 'r6', 0, 0),
      add('r6', step),
      add('r7', -1),
      jcc(64, 'jne', 'r7', 0, -4),
    ];
    expect(depths(loop(8))).toEqual([64]);
    expect(depths(loop(-8))).toEqual([512]);
  });

  it('sees code behind a jump back', () => {
    // 0 goto 3; 1 store; 2 goto 4; 3 r6 = r10, goto 1
    const body = [ja(2), store(8, 'r6', -72, 0), ja(2), mov('r6', 'r10'), ja(-4)];
    expect(depths(body)).toEqual([72]);
  });
});

describe('stackDepths of several', () => {
  const buffer = (off: number): Body => [mov('r1', 'r10'), add('r1', off)];

  // biome-ignore format: a table
  it.each<readonly [what: string, subprogs: readonly Body[], want: readonly number[]]>([
    ['each has its own',                 [[store(8, 'r10', -8, 0), sub(1)], [store(8, 'r10', -64, 0)]], [8, 64]],
    ['a callee that reaches down',       [[...buffer(-40), sub(1)], DOWN], [64, 0]],
    ['a callee that reaches up',         [[...buffer(-40), sub(1)], [store(8, 'r1', 16, 0)]], [40, 0]],
    ['a callee of a callee',             [[...buffer(-8), sub(1)], [add('r1', -8), sub(2)], DOWN], [40, 0, 0]],
    ['a caller behind its callee',       [[ja(0), ...buffer(-8), sub(2)], [...DOWN], [sub(1)]], [32, 0, 0]],
    ['a pointer in argument 5',          [[mov('r5', 'r10'), sub(1)], [store(8, 'r5', -32, 0)]], [32, 0]],
    ['a pointer in argument 6',          [[passArg(6, 'r10'), sub(1)], [takeArg('r6', 6), store(8, 'r6', -56, 0)]], [56, 0]],
    ['a pointer in argument 12',         [[passArg(12, 'r10'), sub(1)], [takeArg('r6', 12), store(8, 'r6', -56, 0)]], [56, 0]],
    ['a number in argument 12',          [[passArg(12, 7), sub(1)], [takeArg('r6', 12), store(8, 'r6', -56, 0)]], [0, 0]],
    ['a number in argument 12, with a frame', [[passArg(12, 7), sub(1)], [store(8, 'r10', -8, 0), takeArg('r6', 12), store(8, 'r6', -56, 0)]], [0, 8]],
    ['a pointer to either frame',        [[...buffer(-40), sub(1)], [mov('r6', 'r1'), jcc(64, 'jeq', 'r2', 0, 2), mov('r6', 'r10'), add('r6', -16), store(8, 'r6', -8, 0)]], [64, 24]],
    ['numbers as arguments',             [[mov('r1', 1), mov('r2', 2), sub(1)], [add('r1', 'r2'), store(8, 'r1', -8, 0)]], [0, 0]],
    ['an indexed argument',              [[...buffer(-40), mov('r2', 2), sub(1)], [add('r1', 'r2'), store(8, 'r1', 0, 0)]], [512, 0]],
    ['a pointer the callee returns',     [[...buffer(-40), sub(1), store(8, 'r0', 0, 0)], [mov('r0', 'r1')]], [512, 0]],
    ['a pointer at either exit',         [[...buffer(-40), sub(1), store(8, 'r0', 0, 0)], [mov('r0', 'r1'), jcc(64, 'jeq', 'r2', 0, 1), exit]], [512, 0]],
    ['a pointer at one exit of two',     [[...buffer(-40), sub(1), store(8, 'r0', 0, 0)], [mov('r0', 'r1'), jcc(64, 'jeq', 'r2', 0, 1), exit, mov('r0', 0)]], [512, 0]],
    ['a number the callee returns',      [[...buffer(-40), sub(1), store(8, 'r0', 0, 0)], [mov('r0', 3)]], [40, 0]],
    ['a pointer inside what is passed',  [[mov('r6', 'r10'), add('r6', -64), store(8, 'r10', -8, 'r6'), ...buffer(-8), sub(1)], [ldx(8, 'r2', 'r1', 0), store(8, 'r2', 0, 0)]], [64, 0]],
    ['down from a pointer inside it',    [[mov('r6', 'r10'), add('r6', -64), store(8, 'r10', -8, 'r6'), ...buffer(-8), sub(1)], [ldx(8, 'r2', 'r1', 0), store(8, 'r2', -32, 0)]], [96, 0]],
    ['a pointer left in the context',    [[mov('r6', 'r10'), store(8, 'r1', 0, 'r6'), sub(1)], [ldx(8, 'r2', 'r1', 0), store(8, 'r2', -104, 0)]], [104, 0]],
    ['a callee that changes a spill',    [[store(8, 'r10', -8, 'r10'), ...buffer(-8), sub(1), ldx(8, 'r6', 'r10', -8), store(8, 'r6', 0, 0)], [store(1, 'r1', 0, 5)]], [512, 0]],
    ['a callee that puts a pointer into the frame', [[store(8, 'r10', -8, 0), ...buffer(-8), sub(1), ldx(8, 'r6', 'r10', -8), store(8, 'r6', 0, 0)], [mov('r2', 'r1'), add('r2', -32), store(8, 'r1', 0, 'r2')]], [512, 0]],
    ['what a callee without arguments finds', [[mov('r6', 'r10'), add('r6', -64), store(8, 'r1', 0, 'r6'), mov('r6', 0), sub(1), store(8, 'r0', 0, 0)], [ldx(8, 'r0', 'r1', 0)]], [512, 0]],
    ['recursion that walks down',        [[mov('r1', 'r10'), sub(1)], [store(8, 'r1', -8, 0), add('r1', -8), jcc(64, 'jeq', 'r2', 0, 1), sub(1)]], [512, 0]],
  ])('%s', (_what, subprogs, want) => {
    expect(depths(...subprogs)).toEqual(want);
  });
});
