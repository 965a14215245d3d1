/** What timers call, on the reference. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timerProgram } from '../../src/arb/timers/program.ts';
import { CODE_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { MAX_EXPIRIES } from '../../src/core/timer.ts';
import { interpret, interpretSteps } from '../../src/interp/interpret.ts';
import { programOf } from '../kit/callbacks.ts';
import { envOf } from '../kit/insns.ts';
import { ADD_KEY, arm, start, timer, timerText } from '../kit/timers.ts';

const run = (text: string) => interpret(programOf(text), envOf());
/** The words behind both timers. */
const left = (text: string): bigint[] => {
  const [data = new Uint8Array()] = run(text).data;
  const view = new DataView(data.buffer, data.byteOffset);
  return [view.getBigUint64(24, true), view.getBigUint64(56, true)];
};

const ONCE = timerText(`${arm('tick')}\n  r0 = 7`, ADD_KEY);

describe('what a timer calls', () => {
  it('runs after main, whose result stays that of the run', () => {
    expect(run(ONCE).outcome).toEqual({ kind: 'exit', r0: 7n });
    expect(left(ONCE)).toEqual([102n, 200n]);
  });

  it('is traced behind main: a call from nowhere, with map, key and value', () => {
    const { trace, insns } = run(ONCE);
    const [init, set, started, main, tick, end] = trace.events;
    expect([init, set, started]).toMatchObject([
      { callee: { id: 169 }, result: 0n, timer: true, args: { length: 3 } },
      { callee: { id: 170 }, result: 0n, args: [0x35d180000008n, CODE_BASE + 16n] },
      { callee: { id: 171 }, args: [0x35d180000008n, 1n, 0n] },
    ]);
    expect(main).toMatchObject({ kind: 'return', subprog: 0, regs: null });
    expect(tick).toMatchObject({
      ...{ kind: 'call', callee: { kind: 'bpf', id: 1 }, pc: null, stack: null },
      args: [0x35d180000000n, 0x35d180000000n, 0x35d180000008n],
    });
    expect(end).toMatchObject({ kind: 'return', subprog: 1, result: 0n, regs: null });
    expect([trace.total, insns]).toEqual([6, 20]);
    const limited = interpret(programOf(ONCE), envOf(), { traceLimit: 2 }).trace;
    expect(limited).toEqual({ events: [init, set], total: 6 });
  });

  it('starts where main did, in a frame of its own', () => {
    const steps = [...interpretSteps(programOf(ONCE), envOf())].map(({ subprog, depth }) => [subprog, depth]);
    expect(steps.at(-1)).toEqual([1, 0]);
    const placement = {
      mainFp: MAIN_FP,
      frameBytes: () => 0,
      fpDepth: (subprog: number) => 8 + 16 * subprog,
    };
    const reads = timerText(`${arm('tick')}\n  r0 = 7`, `*(u64 *)(r3 + 16) = r10\n  r0 = 0`);
    const { data } = interpret(programOf(reads), envOf(), { placement });
    expect(Buffer.from(data[0] ?? []).readBigUInt64LE(24)).toBe(MAIN_FP - 16n);
    const stale = timerText(`*(u64 *)(r10 - 8) = 1\n  ${arm('tick')}\n  r0 = 7`, 'r0 = *(u64 *)(r10 - 8)');
    expect(run(stale).outcome).toMatchObject({ fault: { kind: 'poison' } });
  });

  it('gets nothing but its arguments', () => {
    for (const reg of ['r0', 'r4', 'r5', 'r6', 'r9'])
      expect(run(timerText(`r6 = 1\n  ${arm('tick')}\n  r0 = 7`, `r0 = ${reg}`)).outcome, reg).toMatchObject({
        fault: { kind: 'poison', what: 'r0 as result of a callback' },
      });
    const two = timerText(`${arm('tick')}\n  r0 = 7`, 'r0 = r3').replace('tick=u64,u64,u64', 'tick=u64,u64');
    expect(run(two).outcome.kind).toBe('fault');
  });

  it('may start timers, by whose time it goes', () => {
    const again = `${ADD_KEY.replace('r0 = 0', '')}\n  if r5 == 108 goto +6\n  ${start({ nsecs: 5 })}\n  r0 = 0`;
    expect(left(timerText(`${arm('tick')}\n  r0 = 7`, again))).toEqual([108n, 200n]);
    const tock = `# oracle: proto tock=u64,u64,u64
tock:
  r4 = *(u64 *)(r3 - 8)
  *(u64 *)(r3 + 16) = r4
  r0 = 0
  exit`;
    const both = `${arm('tick', { nsecs: 9 })}\n  ${arm('tock', { index: 1, nsecs: 4 })}\n  r0 = 7`;
    expect(
      run(timerText(both, ADD_KEY, tock)).trace.events.map(
        (event) => event.kind === 'return' && event.subprog,
      ),
    ).toEqual([false, false, false, false, false, false, 0, false, 2, false, 1]);
  });

  it('runs so often, if it starts itself each time', () => {
    const ever = `${ADD_KEY}\n  ${start()}\n  r0 = 0`;
    expect(left(timerText(`${arm('tick')}\n  r0 = 7`, ever))).toEqual([
      100n + 2n * BigInt(MAX_EXPIRIES),
      200n,
    ]);
  });

  it('counts with its program: the limit is one for both', () => {
    const { outcome } = interpret(programOf(ONCE), { ...envOf(), insnLimit: 16 });
    expect(outcome).toEqual({ kind: 'budget' });
  });

  it('faults as the program does', () => {
    const text = timerText(`${arm('tick')}\n  r0 = 7`, 'r0 = *(u64 *)(r1 - 8)');
    expect(run(text).outcome).toMatchObject({ kind: 'fault', pc: 18, fault: { kind: 'read' } });
  });

  it('is a function of the program, without stack arguments', () => {
    const off = ONCE.replace('r2 = tick ll', 'r2 = tick ll\n  r2 += 1');
    expect(run(off).outcome).toMatchObject({
      kind: 'unsupported',
      what: 'callback of what is no function of the program',
    });
    const six = ONCE.replace('tick=u64,u64,u64', 'tick=6');
    expect(run(six).outcome).toMatchObject({ kind: 'unsupported', what: 'callback with stack arguments' });
  });

  it('makes no tail calls, and neither does what it calls', () => {
    const jump = 'r1 = 0\n  r2 = 0x3a4080000000 ll\n  r3 = 0\n  call 12\n  r0 = 0';
    for (const tick of [jump, 'call jumps'])
      expect(
        run(
          `# oracle: prog-array jumps main\n${timerText(`${arm('tick')}\n  r0 = 7`, tick, `jumps:\n  ${jump}\n  exit`)}`,
        ).outcome,
      ).toMatchObject({ kind: 'unsupported', what: 'tail call in a callback' });
  });

  it('throws nothing', () => {
    const text = timerText(`${arm('tick')}\n  r0 = 7`, 'r1 = 1\n  call bpf_throw\n  r0 = 0');
    expect(run(text).outcome).toMatchObject({ kind: 'unsupported', what: 'bpf_throw in a callback' });
  });

  it('is not the exception callback', () => {
    const text = `# oracle: exception-callback tick\n${timerText(`${arm('tick')}\n  r1 = 3\n  call bpf_throw\n  r0 = 7`, 'r0 = 1')}`;
    expect(run(text.replace('tick=u64,u64,u64', 'tick=1')).outcome).toMatchObject({
      kind: 'unsupported',
      what: 'callback that is the exception callback',
    });
  });

  it('is the same on the fast form of the reference', () => {
    for (const { program, input } of fc.sample(timerProgram(), { seed: 11, numRuns: 60 })) {
      const env = { ...envOf(), input };
      const strict = interpret(program, env, { reference: 'strict' });
      expect(interpret(program, env, { fastFrom: 1 })).toEqual(strict);
    }
  });

  it('runs after an exception too', () => {
    const text = timerText(`${arm('tick')}\n  r1 = 3\n  call bpf_throw\n  r0 = 7`, ADD_KEY);
    expect(run(text).outcome).toEqual({ kind: 'exit', r0: 3n });
    expect(left(text)).toEqual([102n, 200n]);
  });
});

describe('helpers of timers', () => {
  it('say nothing where they depend on what is undefined', () => {
    expect(
      run(timerText(`${timer()}\n  r2 = r9\n  r3 = 0\n  r0 = tick ll\n  call 171\n  r0 = 0`, 'r0 = 0'))
        .outcome,
    ).toMatchObject({
      fault: { kind: 'poison', what: 'r2 as argument of a timer' },
    });
  });

  it('leave nothing in the registers of their arguments', () => {
    expect(run(timerText(`${arm('tick')}\n  r0 = r1`, ADD_KEY)).outcome.kind).toBe('fault');
  });

  it('are helpers like others where no function has an address', () => {
    const text = 'main:\n  r1 = 1\n  r2 = 2\n  r3 = 3\n  call 171\n  exit\n';
    expect(run(text).trace.events[0]).not.toHaveProperty('timer');
  });

  it('are not there where native code calls the program', () => {
    const call = { regs: new Map(), stack: [], result: [0n, 0n] as const };
    const native = { call, rsp: 0x7ffe_9a00_e000n, address: 0x7ffe_9a00_d000n, pointer: 0n };
    const env = { ...envOf(), input: { memory: new Uint8Array(8), native } };
    expect(interpret(programOf(ONCE), env as never).outcome).toMatchObject({
      kind: 'unsupported',
      what: 'timers of a program that native code calls',
    });
  });
});
