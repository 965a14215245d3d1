import { describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import type { Loaded } from '../../src/bpf/loaded.ts';
import { check } from '../../src/checker.ts';
import type { CalleeModel } from '../../src/core/env.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { vacuityOf } from '../../src/oracle/vacuity.ts';
import { countVacuity, isVacuous, vacuityOfAll } from '../../src/oracle/vacuity-count.ts';

const loaded = (text: string): Loaded =>
  load(new TextEncoder().encode(text), { fileName: 'case.s', format: 'asm' });

interface Options {
  readonly memory?: Uint8Array;
  readonly models?: ReadonlyMap<string, CalleeModel>;
  readonly traceLimit?: number;
}

function vacuity(
  text: string,
  { memory = new Uint8Array(), models = new Map(), traceLimit = 100 }: Options = {},
) {
  const { program } = loaded(text);
  const env = { input: { memory }, models, insnLimit: 1_000_000 };
  const want = interpret(program, env, { traceLimit });
  return vacuityOf({ program, env, want, placement: undefined, traceLimit }, interpret);
}

const returning = (value: bigint) => new Map<string, CalleeModel>([['helper:5', () => value]]);

describe('vacuityOf', () => {
  it('a call whose result ends in r0 is missed', () => {
    expect(vacuity('r1 = 1\ncall 5\nexit\n')).toEqual({
      calls: 1,
      reached: [1],
      withoutEffect: [],
      untried: 0,
    });
  });

  it('a call that nobody asks is not', () => {
    expect(vacuity('r1 = 1\ncall 5\nr0 = 2\nexit\n')).toMatchObject({ reached: [1], withoutEffect: [1] });
  });

  it('names the calls that ran alone', () => {
    const text = 'r0 = 0\nif r0 == 0 goto over\ncall 5\nover:\nexit\n';
    expect(vacuity(text)).toEqual({ calls: 1, reached: [], withoutEffect: [], untried: 0 });
  });

  it.each<[string, number, bigint, string]>([
    ['memory', 1, 7n, 'r6 = r1\ncall 5\n*(u64 *)(r6 + 0) = r0\nr0 = 0\nexit\n'],
    ['an argument of another call', 0, 7n, 'call 5\nr1 = r0\ncall 6\nr0 = 0\nexit\n'],
    ['a register at another call', 0, 7n, 'call 5\nr6 = r0\ncall 6\nr0 = 0\nexit\n'],
    ['the frame at another call', 0, 7n, 'call 5\n*(u64 *)(r10 - 8) = r0\ncall 6\nr0 = 0\nexit\n'],
    ['the frame at the end', 0, 7n, 'call 5\n*(u64 *)(r10 - 8) = r0\nr0 = 0\nexit\n'],
    ['the way taken', 0, 7n, 'call 5\nif r0 != 7 goto over\ncall 6\nover:\nr0 = 0\nexit\n'],
    ['the end of a loop', 1, 1n, 'r6 = 3\nagain:\ncall 5\nr6 -= r0\nif r6 != 0 goto again\nr0 = 0\nexit\n'],
    ['an address', 1, 1n, 'r6 = r1\ncall 5\nr6 += r0\nr0 = *(u8 *)(r6 + 0)\nr0 = 0\nexit\n'],
  ])('its result is seen in %s', (_, pc, result, text) => {
    const found = vacuity(text, { models: returning(result), memory: new Uint8Array(64) });
    expect(found.reached).toContain(pc);
    expect(found.withoutEffect).not.toContain(pc);
  });

  it('who asks for one bit misses it, whichever it is, and who asks for zero', () => {
    for (const bit of ['1', '2', '0x80000000']) {
      const text = `call 5\nr0 &= ${bit}\nexit\n`;
      for (const value of [0n, 1n, 0xffff_ffff_ffff_ffffn])
        expect(vacuity(text, { models: returning(value) }).withoutEffect, `${bit} of ${value}`).toEqual([]);
    }
    const text = 'call 5\nif r0 != 0 goto over\nr0 = 1\nexit\nover:\nr0 = 2\nexit\n';
    for (const value of [0n, 7n])
      expect(vacuity(text, { models: returning(value) }).withoutEffect).toEqual([]);
  });

  it('a subprog is missed for what it stores, even zeroes where there was nothing', () => {
    const text = (callee: string) =>
      `r1 = r10\nr1 += -8\ncall store\nr0 = 0\nexit\nstore:\n${callee}r0 = 0\nexit\n`;
    expect(vacuity(text('*(u64 *)(r1 + 0) = 0\n')).withoutEffect).toEqual([]);
    expect(vacuity(text('')).withoutEffect).toEqual([2]);
  });

  it('what happens inside a call is part of it, but can be missed by itself', () => {
    const text = 'call outer\nr0 = 0\nexit\nouter:\nr1 = 3\ncall 5\nr1 = r0\ncall 6\nexit\n';
    expect(vacuity(text)).toMatchObject({ calls: 3, reached: [0, 4, 6], withoutEffect: [0] });
  });

  it('each of several runs of a call gives something else', () => {
    const text = 'r6 = 2\nagain:\ncall 5\nr7 = r0\nr6 -= 1\nif r6 != 0 goto again\nr0 = r7\nexit\n';
    expect(vacuity(text).withoutEffect).toEqual([]);
  });

  it('reads of destroyed registers stay what they were', () => {
    // Without a prototype the second kfunc takes what is stored since the first.
    const text =
      '*(u64 *)(r11 - 8) = 1\n*(u64 *)(r11 - 16) = 2\ncall foo\n*(u64 *)(r11 - 8) = 3\ncall bar\nr0 = 0\nexit\n';
    expect(vacuity(text).withoutEffect).toEqual([2, 4]);
  });

  it('compares what was kept of long traces', () => {
    const loop = (argument: string) =>
      `call 7\nr6 = 50\nagain:\nr1 = ${argument}\ncall 5\nr6 += -1\nif r6 != 0 goto again\nr0 = 0\nexit\n`;
    const withoutEffect = (argument: string) => vacuity(loop(argument), { traceLimit: 10 }).withoutEffect;
    expect(withoutEffect('r6')).toEqual([0, 3]);
    expect(withoutEffect('r0')).toEqual([3]);
  });

  it('gives up where running again would take long, and says so', () => {
    const text = 'call 7\nr6 = 400000\nagain:\nr6 += -1\nif r6 != 0 goto again\ncall 5\nr0 = 0\nexit\n';
    expect(vacuity(text)).toEqual({ calls: 2, reached: [0, 4], withoutEffect: [0], untried: 1 });
  });
});

describe('check', () => {
  const text = 'r1 = 1\ncall 5\nr0 = 2\nexit\n';

  it('takes calls out where it is asked to and both sides agree', () => {
    expect(check(loaded(text)).vacuity).toBeUndefined();
    expect(check(loaded(text), { vacuity: true }).vacuity).toMatchObject({ withoutEffect: [1] });
    expect(check(loaded(text), { vacuity: true, expected: 3n }).vacuity).toBeUndefined();
  });

  it('with frames where the image has them', () => {
    const frames = 'call f\nr0 = 0\nexit\nf:\n*(u64 *)(r10 - 8) = r10\nr1 = r10\ncall 5\nr0 = 0\nexit\n';
    expect(check(loaded(frames), { vacuity: true }).vacuity).toMatchObject({ withoutEffect: [0, 5] });
  });
});

describe('counts', () => {
  const one = { calls: 3, reached: [1, 4], withoutEffect: [1], untried: 0 };

  it('a case is vacuous if it reaches no call, or if none of those it reaches is missed', () => {
    expect(isVacuous(one)).toBe(false);
    expect(isVacuous({ ...one, withoutEffect: [1, 4] })).toBe(true);
    expect(isVacuous({ ...one, reached: [], withoutEffect: [] })).toBe(true);
    expect(isVacuous({ ...one, withoutEffect: [1], untried: 1 })).toBe(false);
  });

  it('what was not tried is not counted as tried', () => {
    const none = { noCall: 0, sampled: 0, callWithoutEffect: 0, calls: 0, callsWithoutEffect: 0 };
    expect(countVacuity(true, undefined)).toEqual(none);
    expect(countVacuity(true, { ...one, withoutEffect: [], untried: 2 })).toEqual(none);
    expect(countVacuity(false, undefined)).toEqual({ ...none, noCall: 1 });
    expect(countVacuity(true, { ...one, untried: 1 })).toEqual({
      ...none,
      sampled: 1,
      calls: 1,
      callsWithoutEffect: 1,
    });
  });

  it('programs without calls have no part in them', () => {
    const without = check(loaded('r0 = 0\nexit\n'), { vacuity: true });
    expect(vacuityOfAll([without])).toBeNull();
    const vacuous = check(loaded('call 5\nr0 = 2\nexit\n'), { vacuity: true });
    expect(vacuityOfAll([without, vacuous, vacuous])).toEqual({
      noCall: 0,
      sampled: 2,
      callWithoutEffect: 2,
      calls: 2,
      callsWithoutEffect: 2,
    });
  });
});
