import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { MAIN_FP } from '../../src/core/layout.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { calls, endAll, passAll, passed, range, reg, runAll } from '../kit/calls.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, r0Of } from '../kit/run.ts';

describe('registers at a call of a subprog', () => {
  const sees = (name: k.RegName): string =>
    endAll([
      [k.mov('r0', 3), ...range(6, 9).map((n) => k.mov(reg(n), n)), ...passAll(5), k.sub(1), k.exit],
      [k.mov('r0', name), k.exit],
    ]);
  const lost = 'poison: r0 as result of main at 11';

  it.each([1, 2, 3, 4, 5])('gives the callee r%d', (n) => {
    expect(sees(reg(n))).toBe(`exit ${hex64(BigInt(100 * n))}`);
  });

  it.each([0, 6, 7, 8, 9] as const)('hides r%d from the callee', (n) => {
    expect(sees(reg(n))).toBe(lost);
  });

  it('gives the callee a frame pointer of its own', () => {
    expect(sees('r10')).toBe(`exit ${hex64(MAIN_FP - 512n - 16n)}`);
  });

  it.each([0, 1, 2, 3, 4])('hides registers beyond %d arguments', (args) => {
    const main = [...passAll(5), k.sub(1), k.exit];
    const callee = [k.mov('r0', reg(args + 1)), k.exit];
    const got = runAll([main, callee], {}, { functionArgs: new Map([[main.length, args]]) });
    expect(describeOutcome(got.outcome)).toBe('poison: r0 as result of main at 6');
    expect(calls(got)[0]?.args).toEqual(passed(args));
  });

  it.each([1, 2, 3, 4, 5])('takes r%d from the caller', (n) => {
    const callee = [...passAll(5), k.mov('r0', 1), k.exit];
    expect(endAll([[...passAll(5), k.sub(1), k.mov('r0', reg(n)), k.exit], callee])).toBe(
      'poison: r0 as result of main at 7',
    );
  });

  it('gives the caller its r6 to r10 back, poison as poison', () => {
    const main = [
      k.mov('r6', 1),
      k.mov('r7', 2),
      k.mov('r8', 3),
      k.sub(1),
      k.mov('r0', 'r6'),
      k.alu(64, 'lsh', 'r0', 8),
      k.alu(64, 'or', 'r0', 'r7'),
      k.alu(64, 'lsh', 'r0', 8),
      k.alu(64, 'or', 'r0', 'r8'),
      k.alu(64, 'lsh', 'r0', 8),
      k.add('r0', 'r10'),
      k.mov('r1', 'r9'),
      k.exit,
    ];
    const callee = [k.mov('r0', 0), ...range(6, 9).map((n) => k.mov(reg(n), 0xee)), k.exit];
    expect(r0Of(runAll([main, callee]))).toBe(hex64(0x0102_0300n + MAIN_FP));
    expect(endAll([[k.sub(1), k.mov('r0', 'r9'), k.exit], callee])).toContain('poison: r0 as result of main');
  });

  it('passes a poison argument on, and a poison result back, without a fault', () => {
    const got = runAll([
      [k.sub(1), k.mov('r0', 1), k.exit],
      [k.mov('r0', 'r4'), k.exit],
    ]);
    expect(r0Of(got)).toBe(hex64(1n));
    expect(got.trace.events.map((e) => (e.kind === 'call' ? e.args : e.result))).toEqual([
      [0n, 0n, undefined, undefined, undefined],
      undefined,
      1n,
    ]);
  });

  it('calls backwards and recursively', () => {
    const main = [k.mov('r1', 5), k.sub(1), k.exit];
    const sum = [
      k.mov('r0', 0),
      k.jcc(64, 'jeq', 'r1', 0, 4),
      k.mov('r6', 'r1'),
      k.add('r1', -1),
      k.sub(1),
      k.add('r0', 'r6'),
      k.exit,
    ];
    expect(r0Of(runAll([main, sum]))).toBe(hex64(15n));
  });
});

describe('depth of calls', () => {
  const chain = (depth: number): Insn[][] =>
    range(1, depth).map((n) => (n === depth ? [k.mov('r0', 9), k.exit] : [k.sub(n), k.add('r0', 1), k.exit]));

  it.each([1, 2, 8])('reaches %d frames', (depth) => {
    expect(r0Of(runAll(chain(depth)))).toBe(hex64(BigInt(8 + depth)));
  });

  it('does not reach 9', () => {
    const got = runAll(chain(9));
    expect(describeOutcome(got.outcome)).toBe('frames at 21');
    expect(got.trace.total).toBe(7);
  });

  it('counts frames that are open, not calls', () => {
    const main = [...range(1, 20).map(() => k.sub(1)), k.mov('r0', 1), k.exit];
    expect(r0Of(runAll([main, [k.mov('r0', 0), k.exit]]))).toBe(hex64(1n));
  });
});

describe('frames', () => {
  const main = [k.store(8, 'r10', -8, 11), k.mov('r1', 'r10'), k.sub(1), k.ldx(8, 'r0', 'r10', -8), k.exit];

  it('are apart: a callee does not overwrite its caller', () => {
    expect(r0Of(runAll([main, [k.store(8, 'r10', -8, 22), k.mov('r0', 0), k.exit]]))).toBe(hex64(11n));
  });

  it('can be reached from a callee by pointer', () => {
    expect(r0Of(runAll([main, [k.store(8, 'r1', -8, 22), k.mov('r0', 0), k.exit]]))).toBe(hex64(22n));
  });

  it('are fresh in each call', () => {
    const callee = [k.ldx(8, 'r0', 'r10', -8), k.store(8, 'r10', -8, 1), k.exit];
    expect(endAll([[k.sub(1), k.sub(1), k.exit], callee])).toBe('poison: r0 as result of main at 2');
  });

  it('show nothing of an earlier frame under their poison: a run repeats itself', () => {
    const first = [k.store(8, 'r10', -8, -1), k.mov('r0', 0), k.exit];
    const second = [k.store(8, 'r10', -16, 0), k.mov('r0', 0), k.exit];
    const { events } = runAll([[k.sub(1), k.sub(2), k.exit], first, second]).trace;
    expect(events[3]?.stack?.bytes).toEqual(new Uint8Array(16));
  });

  it('end with their call', () => {
    const callee = [k.store(8, 'r10', -8, 1), k.mov('r0', 'r10'), k.exit];
    const below = hex64(MAIN_FP - 528n - 8n);
    expect(endAll([[k.sub(1), k.ldx(8, 'r0', 'r0', -8), k.exit], callee])).toBe(`read ${below} 8 at 1`);
  });

  describe('that overlap', () => {
    const placement = { mainFp: MAIN_FP, frameBytes: (subprog: number) => (subprog === 0 ? 32 : 512) };
    const place = (subprogs: Insn[][]): string =>
      describeOutcome(interpret(k.link(subprogs), k.envOf(), { placement }).outcome);

    it('lie frameBytes and 16 bytes apart', () => {
      expect(
        place([
          [k.sub(1), k.exit],
          [k.mov('r0', 'r10'), k.exit],
        ]),
      ).toBe(`exit ${hex64(MAIN_FP - 48n)}`);
    });

    it('share no bytes: an address belongs to the innermost frame below whose fp it is', () => {
      const outer = [
        k.store(8, 'r10', -56, 11),
        k.store(8, 'r10', -48, 12),
        k.mov('r1', 'r10'),
        k.sub(1),
        k.ldx(8, 'r1', 'r10', -56),
        k.ldx(8, 'r2', 'r10', -48),
        k.alu(64, 'lsh', 'r0', 8),
        k.add('r0', 'r1'),
        k.alu(64, 'lsh', 'r0', 8),
        k.add('r0', 'r2'),
        k.exit,
      ];
      // Main's fp - 56 is the callee's fp - 8; main's fp - 48 is the callee's fp.
      const inner = [k.store(8, 'r10', -8, 1), k.ldx(8, 'r0', 'r1', -56), k.store(8, 'r1', -48, 13), k.exit];
      expect(place([outer, inner])).toBe(`exit ${hex64(0x01_0b_0dn)}`);
    });

    it('are not joined: no access spans two', () => {
      const inner = [k.store(8, 'r1', -52, 1), k.exit];
      expect(place([[k.mov('r1', 'r10'), k.sub(1), k.exit], inner])).toBe(
        `write ${hex64(MAIN_FP - 52n)} 8 at 3`,
      );
    });
  });
});
