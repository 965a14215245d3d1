import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/bpf/program.ts';
import type { Env } from '../../src/core/env.ts';
import type { Execution } from '../../src/core/execution.ts';
import { CTX_BASE, MAIN_FP } from '../../src/core/layout.ts';
import type { ReferenceStep } from '../../src/core/step.ts';
import { type InterpretOptions, interpret, interpretSteps } from '../../src/interp/interpret.ts';
import * as k from '../kit/insns.ts';

/** What `see` makes of each view while it is valid, and what the run returned. */
function stepThrough<T>(
  program: Program,
  env: Env,
  see: (step: ReferenceStep) => T,
  options: InterpretOptions = {},
): { seen: T[]; execution: Execution } {
  const steps = interpretSteps(program, env, options);
  const seen: T[] = [];
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { seen, execution: value };
    seen.push(see(value));
  }
}

/** main passes 6 arguments to a subprog, which adds the sixth to the fifth, and then to a kfunc. */
const CALLER = k.link([
  [
    k.mov('r6', 6),
    k.store(1, 'r1', 1, 0xab),
    k.store(8, 'r10', -8, 8),
    k.mov('r5', 50),
    k.passArg(6, 60),
    k.sub(1),
    k.kfunc(1),
    k.exit,
  ],
  [k.takeArg('r0', 6), k.alu(64, 'add', 'r0', 'r5'), k.lddw('r6', 7n), k.exit],
]);
const ENV = k.envOf({ memory: new Uint8Array(2), models: new Map([['kfunc:1', () => 99n]]) });

describe('interpretSteps', () => {
  it('returns what interpret returns', () => {
    expect(stepThrough(CALLER, ENV, () => 0).execution).toEqual(interpret(CALLER, ENV));
  });

  it('yields before each instruction: where it stands, and in which subprog', () => {
    const { seen, execution } = stepThrough(CALLER, ENV, ({ pc, subprog }) => [pc, subprog]);
    expect(seen).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((pc) => [pc, 0]),
      // The wide instruction at 10 takes two slots.
      ...[8, 9, 10, 12].map((pc) => [pc, 1]),
      ...[6, 7].map((pc) => [pc, 0]),
    ]);
    expect(execution.insns).toBe(12);
  });

  it('shows registers, undefined where they are poison', () => {
    const { seen } = stepThrough(CALLER, ENV, ({ reg }) => [reg(0), reg(1), reg(6), reg(10)]);
    const calleeFp = MAIN_FP - 528n;
    expect(seen[0]).toEqual([undefined, CTX_BASE, undefined, MAIN_FP]);
    expect(seen[1]).toEqual([undefined, CTX_BASE, 6n, MAIN_FP]);
    expect(seen[6]).toEqual([undefined, CTX_BASE, undefined, calleeFp]);
    expect(seen[9]).toEqual([110n, CTX_BASE, 7n, calleeFp]);
    expect(seen[10]).toEqual([110n, undefined, 6n, MAIN_FP]);
    expect(seen[11]).toEqual([99n, undefined, 6n, MAIN_FP]);
  });

  it('shows argument 6 outgoing in the caller, then incoming in the callee, then in neither', () => {
    const { seen } = stepThrough(CALLER, ENV, ({ outgoing, incoming }) => [outgoing(0), incoming(0)]);
    expect(seen.slice(4, 7)).toEqual([
      [undefined, undefined],
      [60n, undefined],
      [undefined, 60n],
    ]);
    expect(seen[10]).toEqual([undefined, undefined]);
  });

  it("shows the running frame's stack", () => {
    const { seen } = stepThrough(CALLER, ENV, ({ stack }) => stack());
    const main = { address: MAIN_FP - 8n, bytes: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0) };
    expect([seen[2], seen[3], seen[6], seen[10]]).toEqual([null, main, null, main]);
  });

  it('shows context and data sections with their poison', () => {
    const data = [{ name: '.data', address: 0x1000n, bytes: Uint8Array.of(1, 2, 3, 4), writable: true }];
    const program = k.link(
      [[k.mov('r0', 0x1001), k.store(1, 'r0', 0, 'r7'), k.store(1, 'r1', 0, 9), k.mov('r0', 0), k.exit]],
      { data },
    );
    const { seen } = stepThrough(program, k.envOf({ memory: new Uint8Array(1) }), ({ memory }) =>
      memory().map(({ bytes, poison }) => [[...bytes], poison && [...poison]]),
    );
    const untouched = [[1, 2, 3, 4], undefined];
    const poisoned = [
      [1, 2, 3, 4],
      [0, 1, 0, 0],
    ];
    expect(seen[1]).toEqual([[[0], undefined], untouched]);
    expect(seen[2]).toEqual([[[0], undefined], poisoned]);
    expect(seen[3]).toEqual([[[9], undefined], poisoned]);
  });

  it.each([0, 1, 4, 11, 12, 13])('ends like interpret with a budget of %d instructions', (insnLimit) => {
    const env = { ...ENV, insnLimit };
    const { seen, execution } = stepThrough(CALLER, env, () => 0);
    expect(execution).toEqual(interpret(CALLER, env));
    expect(seen.length).toBe(Math.min(insnLimit, 12));
  });

  it('ends with the instruction that faults', () => {
    const program = k.link([[k.mov('r0', 0), k.ldx(8, 'r0', 'r0', 0), k.exit]]);
    const { seen, execution } = stepThrough(program, k.envOf(), ({ pc }) => pc);
    expect(seen).toEqual([0, 1]);
    expect(execution).toMatchObject({ outcome: { kind: 'fault', pc: 1 }, insns: 2 });
  });

  it('places frames and limits the trace as it is told', () => {
    const options = { placement: { mainFp: 0x10_0000n, frameBytes: () => 64 }, traceLimit: 1 };
    const { seen, execution } = stepThrough(CALLER, ENV, ({ reg }) => reg(10), options);
    expect([seen[0], seen[6]]).toEqual([0x10_0000n, 0x10_0000n - 64n - 16n]);
    expect([execution.trace.events.length, execution.trace.total]).toEqual([1, 4]);
  });

  it('refuses a program that buildProgram has not seen', () => {
    const program = { ...k.link([[k.mov('r0', 0), k.exit]]), insns: [k.mov('r0', 0)] };
    const steps = () => stepThrough(program, k.envOf(), () => 0);
    expect(steps).toThrow('interpret: insn 1: there is no instruction here');
  });
});
