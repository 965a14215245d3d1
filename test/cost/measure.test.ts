/** Programs measured by part, as they stand and as they ran. */
import { describe, expect, it } from 'vitest';
import { measure } from '../../src/cost/measure.ts';
import { partsOf } from '../../src/cost/parts.ts';
import { compile } from '../../src/jit/compile.ts';
import { alu, envOf, exit, jcc, kfunc, link, mov, passArg, sub, takeArg } from '../kit/insns.ts';
import { runner } from './machines.ts';

/** Main calls a function of 7 arguments three times in a loop, and once a kfunc whose prototype nobody knows: it gets 2. */
const PROGRAM = link(
  [
    [
      mov('r6', 3),
      passArg(6, 'r6'),
      passArg(7, 7),
      sub(1),
      alu(64, 'sub', 'r6', 1),
      jcc(64, 'jne', 'r6', 0, -5),
      passArg(6, 1),
      kfunc(9),
      mov('r0', 0),
      exit,
    ],
    [takeArg('r0', 6), takeArg('r1', 7), mov('r0', 'r0'), exit],
  ],
  { functionArgs: new Map([[10, 7]]) },
);

describe('measure', () => {
  const { image } = compile(PROGRAM, { convention: 'v3' });

  it('counts what stands there', () => {
    const { static: code, executed, calls, imageBytes } = measure(PROGRAM, image, null);
    expect(executed).toBeNull();
    expect(imageBytes).toBe(image.code.length);
    expect(code.passed).toMatchObject({ times: 3, cost: { insns: 3, stores: 3 } });
    expect(code.received).toMatchObject({ times: 2, cost: { insns: 2, loads: 2 } });
    expect(code.call).toMatchObject({ times: 2, cost: { insns: 2, bytes: 10, stores: 2 } });
    expect(code.prologue.times).toBe(2);
    expect(code.epilogue.times).toBe(2);
    expect(calls).toMatchObject([
      {
        pc: 3,
        subprog: 0,
        callee: { kind: 'bpf', id: 1 },
        stackArgs: 2,
        before: { insns: 2 },
        after: { insns: 1 },
      },
      { pc: 7, subprog: 0, callee: { kind: 'kfunc', id: 9 }, stackArgs: null, runs: null },
    ]);
  });

  it('counts what ran', () => {
    const { runs, result } = runner.count({ name: 'loop', program: PROGRAM, env: envOf() }, image);
    expect(result.verdict).toBe('agree');
    const { executed, calls } = measure(PROGRAM, image, runs);
    expect(executed?.passed).toMatchObject({ times: 7, cost: { insns: 7, stores: 7 } });
    expect(executed?.received).toMatchObject({ times: 6, cost: { loads: 6 } });
    expect(executed?.before.cost).toMatchObject({ insns: 8, loads: 8, stores: 7 });
    expect(executed?.prologue.times).toBe(4);
    expect(calls.map((call) => call.runs)).toEqual([3, 1]);
  });

  it('tells thunks from prologues', () => {
    const hardened = compile(PROGRAM, { convention: 'v3', returnThunk: true }).image;
    const { runs } = runner.count({ name: 'loop', program: PROGRAM, env: envOf() }, hardened);
    const { static: code, executed } = measure(PROGRAM, hardened, runs);
    // `ret`, jumped to by main once and by its function three times.
    expect(code.thunk).toEqual({ times: 1, cost: { insns: 1, bytes: 1, loads: 1, stores: 0 } });
    expect(executed?.thunk).toEqual({ times: 4, cost: { insns: 4, bytes: 4, loads: 4, stores: 0 } });
    expect(code.prologue).toEqual(measure(PROGRAM, image, null).static.prologue);
  });

  it('tells the trampoline from prologues, and leaves out what stands for the kernel beside it', () => {
    const word = { text: 'u64', bytes: 8, align: 8 } as const;
    const native = { attach: 'fentry' as const, args: [word, word], result: word };
    const plain = link([[mov('r0', 0), exit]]);
    const program = { ...plain, native };
    const { image: entered } = compile(program);
    const { static: code } = measure(program, entered, null);
    const { trampoline: { offset = 0, end = 0 } = {} } = entered;
    expect(code.trampoline.times).toBe(1);
    expect(code.trampoline.cost.bytes).toBe(end - offset);
    expect(code.prologue).toEqual(measure(plain, compile(plain).image, null).static.prologue);
    expect(code.thunk.times).toBe(0);
  });

  it('leaves no instruction out, and takes no filling for one', () => {
    const insns = partsOf(PROGRAM, image);
    const covered = insns.reduce((sum, { cost }) => sum + cost.bytes, 0);
    const filled = image.code.length - covered;
    expect(filled).toBeGreaterThan(0);
    expect(filled).toBeLessThan(16);
    insns.slice(1).forEach(({ offset, subprog }, i) => {
      const { offset: at = 0, cost, subprog: last } = insns[i] ?? {};
      if (subprog === last) expect(offset).toBe(at + (cost?.bytes ?? 0));
    });
  });
});
