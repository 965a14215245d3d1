import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { calls, endAll, passAll, passed, range, reg, runAll } from '../kit/calls.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, end, r0Of } from '../kit/run.ts';

describe('stack arguments', () => {
  /** Mixes arguments 1..12 by their position into r0. */
  const digest = [
    k.mov('r0', 0),
    ...range(1, 12).flatMap((n) => [
      ...(n > 5 ? [k.takeArg('r6', n)] : []),
      k.alu(64, 'mul', 'r0', 31),
      k.add('r0', n > 5 ? 'r6' : reg(n)),
    ]),
    k.exit,
  ];
  const digestOf = (args: readonly bigint[]): bigint => args.reduce((sum, arg) => sum * 31n + arg, 0n);

  it('arrive by position, 12 of them', () => {
    const got = runAll([[...passAll(12), k.sub(1), k.exit], digest]);
    expect(r0Of(got)).toBe(hex64(BigInt.asUintN(64, digestOf(passed(12)))));
    expect(calls(got)[0]?.args).toEqual(passed(12));
  });

  it('carry 64 bits from a register, and a sign-extended immediate', () => {
    const main = [
      k.lddw('r1', 0xfedc_ba98_7654_3210n),
      k.passArg(6, 'r1'),
      k.passArg(7, -2),
      k.sub(1),
      k.exit,
    ];
    const callee = [
      k.takeArg('r1', 6),
      k.takeArg('r2', 7),
      k.mov('r0', 'r1'),
      k.alu(64, 'xor', 'r0', 'r2'),
      k.exit,
    ];
    expect(r0Of(runAll([main, callee]))).toBe('0x0123456789abcdee');
  });

  it('travel down 8 frames, both ways in each', () => {
    const forward = (next: number): Insn[] => [
      k.takeArg('r6', 6),
      k.takeArg('r7', 12),
      k.add('r6', 1),
      k.add('r7', 2),
      k.passArg(12, 'r7'),
      k.passArg(6, 'r6'),
      k.sub(next),
      k.add('r0', 'r6'),
      k.exit,
    ];
    const last = [
      k.takeArg('r1', 6),
      k.takeArg('r0', 12),
      k.alu(64, 'mul', 'r0', 1000),
      k.add('r0', 'r1'),
      k.exit,
    ];
    const middle = range(2, 7).map(forward);
    const got = runAll([[k.passArg(6, 600), k.passArg(12, 1200), k.sub(1), k.exit], ...middle, last]);
    const sums = BigInt(range(601, 606).reduce((a, b) => a + b, 0));
    expect(r0Of(got)).toBe(hex64(1212n * 1000n + 606n + sums));
    expect(calls(got).map(({ args }) => [args[5], args[11]])).toEqual(
      range(0, 6).map((n) => [BigInt(600 + n), BigInt(1200 + 2 * n)]),
    );
  });

  const used = (insns: readonly Insn[], callee: readonly Insn[]): string => endAll([insns, callee]);
  const lost = 'poison: r0 as result of main';
  const nop = [k.mov('r0', 0), k.exit];

  it('are poison where the caller stored nothing', () => {
    expect(used([k.passArg(7, 1), k.sub(1), k.exit], [k.takeArg('r0', 6), k.exit])).toContain(lost);
  });

  it('are poison in main', () => {
    expect(end([k.takeArg('r0', 6), k.exit])).toContain(lost);
  });

  it('are gone after a call of any kind', () => {
    const callee = [k.takeArg('r0', 6), k.exit];
    for (const between of [k.sub(2), k.helper(1), k.kfunc(1)]) {
      expect(endAll([[k.passArg(6, 1), between, k.sub(1), k.exit], callee, nop])).toContain(lost);
    }
  });

  it('can no longer be loaded after a call of any kind', () => {
    for (const between of [k.sub(2), k.helper(1), k.kfunc(1)]) {
      expect(
        endAll([[k.passArg(6, 1), k.sub(1), k.exit], [between, k.takeArg('r0', 6), k.exit], nop]),
      ).toContain(lost);
    }
  });

  it.each([6, 12])('can no longer be loaded after a store to outgoing argument %d', (n) => {
    const callee = [k.passArg(n, 1), k.takeArg('r0', 7), k.exit];
    expect(used([k.passArg(7, 1), k.sub(1), k.exit], callee)).toContain(lost);
  });

  it('start as poison in the callee, whatever the caller had stored', () => {
    const callee = [k.takeArg('r6', 6), k.sub(2), k.exit];
    expect(endAll([[k.passArg(6, 1), k.sub(1), k.exit], callee, [k.takeArg('r0', 6), k.exit]])).toContain(
      lost,
    );
  });

  it('are not left over from an earlier call at the same depth', () => {
    const stores = [k.passArg(6, 1), k.mov('r0', 0), k.exit];
    const forwards = [k.sub(3), k.exit];
    expect(endAll([[k.sub(1), k.sub(2), k.exit], stores, forwards, [k.takeArg('r0', 6), k.exit]])).toContain(
      lost,
    );
  });

  it('pass poison on', () => {
    const got = runAll([
      [k.passArg(6, 'r9'), k.sub(1), k.mov('r0', 0), k.exit],
      [k.takeArg('r0', 6), k.exit],
    ]);
    expect(calls(got)[0]?.args[5]).toBeUndefined();
    expect(r0Of(got)).toBe(hex64(0n));
  });

  it('beyond those a callee takes are neither passed nor traced', () => {
    const main = [...passAll(12), k.sub(1), k.exit];
    const got = runAll([main, [k.takeArg('r0', 7), k.exit]]);
    expect(calls(got)[0]?.args).toEqual(passed(7));
    const limited = runAll(
      [main, [k.takeArg('r0', 7), k.exit]],
      {},
      { functionArgs: new Map([[main.length, 6]]) },
    );
    expect(describeOutcome(limited.outcome)).toContain(lost);
  });

  const forged = (insn: Insn): string => {
    const program = k.link([[k.mov('r0', 0), k.exit]]);
    const got = interpret({ ...program, insns: [insn, ...program.insns] }, k.envOf());
    return describeOutcome(got.outcome);
  };

  // buildProgram refuses the offsets; who makes a program without it gets no other argument for them.
  // biome-ignore format: a table
  it.each<readonly [what: string, insn: Insn]>([
    ['a load of 4 bytes',       k.ldx(4, 'r0', 'r11', 8)],
    ['a signed load',           k.ldxs(8, 'r0', 'r11', 8)],
    ['a load between two',      k.ldx(8, 'r0', 'r11', 12)],
    ['a load of what goes out', k.ldx(8, 'r0', 'r11', -8)],
    ['a load beyond the last',  k.ldx(8, 'r0', 'r11', 64)],
  ])('are not what %s gets', (_what, insn) => {
    expect(forged(insn)).toBe('unsupported: load through r11 that is not one of 8 bytes at a stack argument at 0');
  });

  // biome-ignore format: a table
  it.each<readonly [what: string, insn: Insn]>([
    ['a store of 4 bytes',       k.store(4, 'r11', -8, 0)],
    ['a store between two',      k.store(8, 'r11', -12, 0)],
    ['a store to what came in',  k.store(8, 'r11', 8, 'r1')],
    ['a store beyond the last',  k.store(8, 'r11', -64, 'r1')],
  ])('are not what %s changes', (_what, insn) => {
    expect(forged(insn)).toBe('unsupported: store through r11 that is not one of 8 bytes at a stack argument at 0');
  });
});
