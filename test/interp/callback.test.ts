/** Helpers that call functions, on the reference. */
import { describe, expect, it } from 'vitest';
import { CODE_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { ADD_INDEX, forEach, loop, nested, programOf } from '../kit/callbacks.ts';
import { envOf } from '../kit/insns.ts';

const run = (text: string) => interpret(programOf(text), envOf());
const outcomeOf = (text: string) => run(text).outcome;
const exit = (r0: bigint) => ({ kind: 'exit', r0: BigInt.asUintN(64, r0) });

describe('bpf_loop', () => {
  it('calls a function with index and context, and returns how often', () => {
    expect(outcomeOf(loop(ADD_INDEX))).toEqual(exit((10n << 16n) + 1005n));
    expect(outcomeOf(loop(ADD_INDEX, 0))).toEqual(exit(1000n));
  });

  it('ends when the function returns anything but 0', () => {
    expect(outcomeOf(loop(`${ADD_INDEX}\n  if r1 != 2 goto +1\n  r0 = -1`))).toEqual(
      exit((3n << 16n) + 1003n),
    );
  });

  it('has a count of 32 bits, and refuses flags and too many turns', () => {
    expect(outcomeOf(loop(ADD_INDEX, '0x700000002 ll'))).toEqual(exit((1n << 16n) + 1002n));
    expect(outcomeOf(loop(ADD_INDEX, 5, 1))).toEqual(exit(1000n - 22n));
    expect(outcomeOf(loop(ADD_INDEX, 0x80_0001))).toEqual(exit(1000n - 7n));
  });

  it('is traced as a call with calls in it', () => {
    const { trace } = run(loop(ADD_INDEX, 2));
    const [helper, first] = trace.events;
    expect(
      trace.events.map((event) => (event.kind === 'call' ? `call ${event.callee.id}` : event.subprog)),
    ).toEqual(['call 181', 'call 1', 1, 'call 1', 1, 0]);
    expect(helper).toMatchObject({
      callsBack: true,
      result: undefined,
      args: { 1: CODE_BASE + 16n, 2: MAIN_FP - 8n },
    });
    expect(first).toMatchObject({ pc: 8, args: [0n, MAIN_FP - 8n], stack: null });
    expect(trace.events[2]).toMatchObject({ regs: null, result: 0n });
  });

  it('gives nothing but its arguments', () => {
    for (const reg of ['r0', 'r3', 'r5', 'r6', 'r9'])
      expect(outcomeOf(loop(`if ${reg} != 0 goto +0\n  r0 = 0`)), reg).toMatchObject({
        fault: { kind: 'poison' },
      });
  });

  it('leaves nothing in the registers of its arguments', () => {
    const text = loop(ADD_INDEX).replace('r0 += r6', 'r0 += r2');
    expect(outcomeOf(text).kind).toBe('fault');
  });

  it('says nothing where it depends on what is undefined', () => {
    expect(outcomeOf(loop(ADD_INDEX, 'r7'))).toMatchObject({
      fault: { kind: 'poison', what: 'r1 as argument of a helper that calls back' },
    });
    expect(outcomeOf(loop('r1 = 0'))).toMatchObject({
      fault: { kind: 'poison', what: 'r0 as result of a callback' },
    });
  });

  it('calls functions of the program alone, without stack arguments', () => {
    expect(outcomeOf(loop(ADD_INDEX).replace('r3 = r10', 'r2 += 1\n  r3 = r10'))).toMatchObject({
      kind: 'unsupported',
      what: 'callback of what is no function of the program',
    });
    const six = loop(ADD_INDEX).replace('each=u64,u64', 'each=u64,u64,u64,u64,u64,u64');
    expect(outcomeOf(six)).toMatchObject({ kind: 'unsupported', what: 'callback with stack arguments' });
  });

  it('expects its function back', () => {
    const each = 'r1 = 0\n  r2 = 0x3a4080000000 ll\n  r3 = 0\n  call 12\n  r0 = 0';
    expect(outcomeOf(`# oracle: prog-array jumps main\n${loop(each)}`)).toMatchObject({
      kind: 'unsupported',
      what: 'tail call in a callback',
    });
  });

  it('counts frames, its own not among them', () => {
    expect(outcomeOf(nested(7))).toEqual(exit(1n));
    expect(outcomeOf(nested(8))).toMatchObject({ fault: { kind: 'frames' } });
  });

  it('is a helper like others where no function has an address', () => {
    const text = 'main:\n  r1 = 1\n  r2 = 2\n  r3 = 3\n  r4 = 4\n  call 181\n  exit\n';
    expect(run(text).trace.events[0]).not.toHaveProperty('callsBack');
  });
});

describe('bpf_for_each_map_elem', () => {
  it('calls a function with data, the address of a key, of a value, and the context', () => {
    // The last element is not whole.
    expect(outcomeOf(forEach(9))).toEqual(exit((32n << 16n) + 2n));
    expect(outcomeOf(forEach(1))).toEqual(exit((10n << 16n) + 1n));
  });

  it('refuses flags and what is no data', () => {
    expect(outcomeOf(forEach(9, '0x35d180000000', 1))).toEqual(exit(-22n));
    expect(outcomeOf(forEach(9, '0x35d180000008'))).toEqual(exit(-22n));
  });
});

describe('the frame of a function that a helper calls', () => {
  it('lies below that of the helper', () => {
    const fps: unknown[] = [];
    const placement = {
      mainFp: MAIN_FP,
      frameBytes: () => 64,
      entryOf: (subprog: number) => 0x1000n * BigInt(subprog + 1),
    };
    const text = loop('call 7\n  r0 = 0', 1);
    for (const callbackBytes of [undefined, 0]) {
      const own = callbackBytes === undefined ? placement : { ...placement, callbackBytes };
      const { trace } = interpret(programOf(text), envOf(), { placement: own });
      const [helper, , inner] = trace.events;
      if (inner?.kind === 'call') fps.push(inner.regs[4]);
      expect(helper).toMatchObject({ args: { 1: 0x2000n } });
    }
    // Of main: 64 bytes; of the helper: 64; return address and saved rbp.
    expect(fps).toEqual([MAIN_FP - 64n - 64n - 16n, MAIN_FP - 64n - 16n]);
  });
});
