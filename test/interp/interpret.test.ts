import { describe, expect, it } from 'vitest';
import type { CallEvent, Execution, ReturnEvent, TraceEvent } from '../../src/core/execution.ts';
import { CTX_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import * as k from '../kit/insns.ts';
import { describeOutcome, end, r0, run } from '../kit/run.ts';

/** With a stack of no class, to be held against one strictly. */
const plain = (event: TraceEvent) => ({ ...event, stack: event.stack && { ...event.stack } });

describe('entry', () => {
  it.each([
    ['r1', CTX_BASE],
    ['r2', 3n],
    ['r10', MAIN_FP],
  ] as const)('sets %s', (reg, want) => {
    expect(r0([k.mov('r0', reg), k.exit], { memory: new Uint8Array(3) })).toBe(hex64(want));
  });

  it.each([0, 3, 4, 5, 6, 7, 8, 9])('leaves r%d poison', (n) => {
    expect(end([k.mov('r0', `r${n}`), k.exit])).toBe('poison: r0 as result of main at 1');
  });

  it('puts r10 where the placement says', () => {
    const placement = { mainFp: 0x1000n, frameBytes: () => 0 };
    const got = interpret(k.link([[k.mov('r0', 'r10'), k.exit]]), k.envOf(), { placement });
    expect(describeOutcome(got.outcome)).toBe(`exit ${hex64(0x1000n)}`);
  });

  const at = (mainFp: bigint) => () =>
    interpret(k.link([[k.mov('r0', 'r10'), k.exit]]), k.envOf(), {
      placement: { mainFp, frameBytes: () => 0 },
    });

  it.each([0n, 2n ** 53n - 1n])('takes a frame pointer of %d', (mainFp) => {
    expect(describeOutcome(at(mainFp)().outcome)).toBe(`exit ${hex64(mainFp)}`);
  });

  it.each([
    [-1n, '0xffffffffffffffff'],
    [2n ** 53n, '0x20000000000000'],
  ])('refuses a frame pointer of %d, which it cannot address', (mainFp, text) => {
    expect(at(mainFp)).toThrow(`interpret: placement.mainFp: ${text} is not below 2^53`);
  });
});

describe('budget', () => {
  const three = k.link([[k.mov('r0', 1), k.lddw('r1', 2n), k.exit]]);
  it.each([
    [0, 'budget', 0],
    [2, 'budget', 2],
    [3, `exit ${hex64(1n)}`, 3],
    [4, `exit ${hex64(1n)}`, 3],
  ])('of %d instructions', (insnLimit, want, insns) => {
    const got = interpret(three, k.envOf({ insnLimit }));
    expect([describeOutcome(got.outcome), got.insns]).toEqual([want, insns]);
  });

  it('ends an endless loop, with the memory as it was then', () => {
    const memory = new Uint8Array(1);
    const got = run([k.atomic('fetch_add', 4, 'r10', -8, 'r2'), k.store(1, 'r1', 0, 5), k.ja(-2)], {
      memory,
      insnLimit: 999,
    });
    expect(got).toMatchObject({ outcome: { kind: 'budget' }, insns: 999, memory: Uint8Array.of(5) });
  });
});

describe('a run', () => {
  it('says nothing of the native side', () => {
    expect(run([k.mov('r0', 0), k.exit]).breaches).toEqual([]);
  });

  it('counts the instruction that faults', () => {
    expect(run([k.mov('r0', 0), k.ldx(1, 'r0', 'r0', 0), k.exit]).insns).toBe(2);
  });

  it('refuses a program that buildProgram has not seen', () => {
    const program = { ...k.link([[k.mov('r0', 0), k.exit]]), insns: [k.mov('r0', 0)] };
    expect(() => interpret(program, k.envOf())).toThrow('interpret: insn 1: there is no instruction here');
  });

  it('refuses a program without a subprog', () => {
    const program = { ...k.link([[k.exit]]), subprogs: [] };
    expect(() => interpret(program, k.envOf())).toThrow('interpret: program: it has no subprogs');
  });
});

describe('trace', () => {
  const program = k.link([
    [
      k.mov('r6', 6),
      k.mov('r9', 9),
      k.store(4, 'r10', -12, 0x0403_0201),
      k.mov('r1', 1),
      k.mov('r2', 2),
      k.sub(1),
      k.store(8, 'r10', -8, 'r3'),
      k.kfunc(5),
      k.mov('r0', 3),
      k.exit,
    ],
    [k.store(8, 'r10', -8, -1), k.mov('r6', 66), k.mov('r0', 'r8'), k.exit],
  ]);

  it('records each call and return, in order', () => {
    const got = interpret(program, k.envOf({ models: new Map([['kfunc:5', () => 55n]]) }));
    expect(got.trace.total).toBe(4);
    const address = MAIN_FP - 16n;
    // The word that holds the lowest byte written: four bytes of poison, the four written, then poison again.
    const bytes = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0);
    const poison = Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const regs = [6n, undefined, undefined, 9n, MAIN_FP] as const;
    const enter: CallEvent = {
      kind: 'call',
      callee: { kind: 'bpf', id: 1 },
      pc: 5,
      args: [1n, 2n, undefined, undefined, undefined],
      regs,
      stack: { address, bytes, poison },
      result: undefined,
    };
    const leave: ReturnEvent = {
      kind: 'return',
      subprog: 1,
      result: undefined,
      regs,
      stack: { address: MAIN_FP - 528n - 8n, bytes: new Uint8Array(8).fill(0xff) },
    };
    const native: CallEvent = {
      kind: 'call',
      callee: { kind: 'kfunc', id: 5 },
      pc: 7,
      args: [undefined, undefined, undefined, undefined, undefined],
      regs,
      stack: { address, bytes, poison },
      result: 55n,
    };
    const end: ReturnEvent = {
      kind: 'return',
      subprog: 0,
      result: 3n,
      regs: null,
      stack: { address, bytes, poison },
    };
    expect(got.trace.events.map(plain)).toStrictEqual([enter, leave, native, end]);
  });

  it.each([
    [0, 0],
    [1, 1],
    [3, 3],
    [9, 4],
  ])('keeps %d events at most, and counts all', (traceLimit, kept) => {
    const limited: Execution = interpret(program, k.envOf(), { traceLimit });
    expect([limited.trace.events.length, limited.trace.total]).toEqual([kept, 4]);
  });

  it('notes which arguments are defined in calls with models that are only counted', () => {
    const insns = [k.mov('r1', 7), k.helper(1), k.mov('r2', 7), k.helper(1), k.mov('r0', 0), k.exit];
    const masksPast = (traceLimit: number) =>
      interpret(k.link([insns]), k.envOf(), { traceLimit }).trace.laterMasks;
    expect([0, 1, 2].map(masksPast)).toEqual([[0b11, 0b10], [0b10], undefined]);
  });

  it('holds copies: what happens later does not change them', () => {
    const insns = [k.store(8, 'r10', -8, 1), k.helper(1), k.store(8, 'r10', -8, 2), k.exit];
    const stacks = run(insns).trace.events.map(({ stack }) => stack?.bytes[0]);
    expect(stacks).toEqual([1, 2]);
  });
});
