/** Exceptions on the reference. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../../src/interp/interpret.ts';
import { THROWN, THROWS_BELOW, THROWS_IN_MAIN, throwing } from '../kit/exceptions.ts';
import { envOf } from '../kit/insns.ts';
import { programOf } from '../kit/tail-calls.ts';

const run = (text: string) => interpret(programOf(text), envOf());

describe('bpf_throw', () => {
  it('ends all frames; the callback runs in the place of main, and its result is the program’s', () => {
    const { outcome, trace } = run(THROWS_BELOW);
    expect(outcome).toEqual({ kind: 'exit', r0: THROWN });
    expect(
      trace.events.map((event) =>
        event.kind === 'call'
          ? [event.callee.kind, event.callee.id, event.pc, ...event.args]
          : ['return', event.subprog, event.result],
      ),
    ).toEqual([
      ['bpf', 1, 10, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n],
      ['kfunc', 1, 15, 12n],
      ['bpf', 2, null, 12n],
      ['return', 2, THROWN],
    ]);
  });

  it('leaves the cookie to the default callback, from main too', () => {
    expect(run(THROWS_IN_MAIN).outcome).toEqual({ kind: 'exit', r0: 5n });
  });

  it('starts the callback with nothing but the cookie', () => {
    const callback = (use: string) => `.type caught, @function\ncaught:\n  r0 = 0\n  ${use}\n  exit\n`;
    for (const use of ['r0 = r2', 'r0 = r6'])
      expect(run(throwing('r1 = 1\n  r6 = 2\n  r2 = 3', callback(use))).outcome).toMatchObject({
        fault: { kind: 'poison' },
      });
    const stack = 'r0 = *(u64 *)(r10 - 8)';
    expect(run(throwing('*(u64 *)(r10 - 8) = 1\n  r1 = 1', callback(stack))).outcome).toMatchObject({
      fault: { kind: 'poison' },
    });
  });

  it('wants a cookie', () => {
    expect(run(throwing('call kfunc_9')).outcome).toMatchObject({
      kind: 'fault',
      fault: { kind: 'poison', what: 'r1 as cookie of an exception' },
    });
  });

  it('is not for callbacks, nor for whom they call', () => {
    const what = 'bpf_throw in an exception callback';
    const direct = '.type caught, @function\ncaught:\n  call bpf_throw\n  r0 = 0\n  exit\n';
    expect(run(throwing('r1 = 1', direct)).outcome).toMatchObject({ kind: 'unsupported', what });
    const below = `.type caught, @function\ncaught:\n  call rethrow\n  exit\nrethrow:\n  call bpf_throw\n  exit\n`;
    expect(run(throwing('r1 = 1', below)).outcome).toMatchObject({ kind: 'unsupported', what });
  });

  it('is not for what helpers call', () => {
    const text =
      'main:\n  r1 = 1\n  r2 = each ll\n  r3 = 0\n  r4 = 0\n  call 181\n  r0 = 0\n  exit\neach:\n  call below\n  exit\nbelow:\n  r1 = 1\n  call bpf_throw\n  r0 = 0\n  exit\n';
    expect(run(text).outcome).toMatchObject({ kind: 'unsupported', what: 'bpf_throw in a callback' });
  });
});
