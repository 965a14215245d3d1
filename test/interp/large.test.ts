/** Runs of millions of instructions. */
import { describe, expect, it } from 'vitest';
import { MAX_LOOPS } from '../../src/bpf/calling.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, r0Of, run } from '../kit/run.ts';

describe('a budget', () => {
  it('may be large enough for 10 million iterations', () => {
    const loop = [
      k.mov('r0', 0),
      k.lddw('r1', 10_000_000n),
      k.add('r0', 'r1'),
      k.add('r1', -1),
      k.jcc(64, 'jne', 'r1', 0, -3),
      k.exit,
    ];
    const got = run(loop, { insnLimit: 100_000_000 });
    expect(describeOutcome(got.outcome)).toBe(`exit ${hex64(50_000_005_000_000n)}`);
    expect(got.insns).toBe(30_000_003);
  });
});

describe('a trace', () => {
  it('keeps 100 000 events unless told otherwise', () => {
    const loop = k.link([
      [k.mov('r6', 60_000), k.sub(1), k.add('r6', -1), k.jcc(64, 'jne', 'r6', 0, -3), k.exit],
      [k.mov('r0', 0), k.exit],
    ]);
    const { trace } = interpret(loop, k.envOf());
    // r0 of the last call is what main returns.
    expect([trace.events.length, trace.total]).toEqual([100_000, 120_001]);
  });
});

describe('may_goto', () => {
  it('lets a frame pass MAX_LOOPS times in all, then jumps; a callee has its own count', () => {
    const main = [
      k.mov('r6', 0),
      k.mayGoto(3),
      k.add('r6', 1),
      k.mayGoto(1),
      k.ja(-4),
      k.mov('r7', 'r6'),
      k.sub(1),
      k.alu(64, 'lsh', 'r0', 32),
      k.alu(64, 'or', 'r0', 'r7'),
      k.exit,
    ];
    const callee = [k.mov('r0', 0), k.mayGoto(1), k.mov('r0', 1), k.exit];
    const got = interpret(k.link([main, callee]), k.envOf({ insnLimit: 100_000_000 }));
    expect(r0Of(got)).toBe(hex64((1n << 32n) | BigInt(MAX_LOOPS / 2)));
  });

  it('starts afresh in each call of the same subprog', () => {
    const main = [
      k.sub(1),
      k.mov('r6', 'r0'),
      k.sub(1),
      k.alu(64, 'lsh', 'r0', 32),
      k.alu(64, 'or', 'r0', 'r6'),
      k.exit,
    ];
    const callee = [k.mov('r0', 0), k.mayGoto(2), k.add('r0', 1), k.ja(-3), k.exit];
    const got = interpret(k.link([main, callee]), k.envOf({ insnLimit: 100_000_000 }));
    expect(r0Of(got)).toBe(hex64((BigInt(MAX_LOOPS) << 32n) | BigInt(MAX_LOOPS)));
  });
});
