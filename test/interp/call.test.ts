import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import type { ProgramParts } from '../../src/bpf/program.ts';
import { type CalleeCall, type CalleeModel, defaultModel } from '../../src/core/env.ts';
import { OracleError } from '../../src/core/errors.ts';
import type { Execution, Word } from '../../src/core/execution.ts';
import { CTX_BASE, MAIN_FP } from '../../src/core/layout.ts';
import { hex64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { calls, passAll, passed, reg, runAll } from '../kit/calls.ts';
import * as k from '../kit/insns.ts';
import { end, r0, r0Of, run } from '../kit/run.ts';

const models = (entries: Record<string, CalleeModel>): Map<string, CalleeModel> =>
  new Map(Object.entries(entries));

describe('helpers and kfuncs', () => {
  const record = (): { seen: (readonly Word[])[]; model: CalleeModel } => {
    const seen: (readonly Word[])[] = [];
    return {
      seen,
      model: ({ args }: CalleeCall) => {
        seen.push(args);
        return 0x1_0000_0000_0000_0007n;
      },
    };
  };

  it('return the result of their model, wrapped to 64 bits', () => {
    const { seen, model } = record();
    expect(r0([...passAll(5), k.helper(3), k.exit], { models: models({ 'helper:3': model }) })).toBe(
      hex64(7n),
    );
    expect(seen).toEqual([passed(5)]);
  });

  it.each([0, 1, 5, 6, 12])('get as many arguments as their prototype says: %d', (args) => {
    const { seen, model } = record();
    const callees = [{ kind: 'kfunc', id: 9, name: 'nine', args }] as const;
    const got = runAll(
      [[...passAll(12), k.kfunc(9), k.exit]],
      { models: models({ 'kfunc:9': model }) },
      { callees },
    );
    expect(seen).toEqual([passed(args)]);
    expect(calls(got)[0]).toMatchObject({ callee: { kind: 'kfunc', id: 9 }, args: passed(args), result: 7n });
  });

  it('without a prototype: a helper gets 5, a kfunc what was stored since the last call', () => {
    const insns = [...passAll(7), k.helper(1), ...passAll(8), k.kfunc(1), k.kfunc(1), k.exit];
    expect(calls(run(insns)).map(({ args }) => args)).toEqual([
      passed(5),
      passed(8),
      [undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  it('without a prototype: a kfunc gets slots up to the farthest one stored', () => {
    const insns = [k.passArg(8, 8), k.passArg(6, 6), k.kfunc(1), k.exit];
    expect(calls(run(insns))[0]?.args.slice(5)).toEqual([6n, undefined, 8n]);
  });

  it('use the default model where there is none', () => {
    const call = {
      callee: { kind: 'kfunc', id: 4 },
      args: passed(6),
      memory: { read: () => 0n, write: () => false },
    } as const;
    const others = { models: models({ 'helper:4': () => 0n }) };
    for (const parts of [{}, others])
      expect(r0([...passAll(6), k.kfunc(4), k.exit], parts)).toBe(hex64(defaultModel(call)));
  });

  it.each([1, 2, 3, 4, 5])('leave r%d unreadable', (n) => {
    expect(end([...passAll(5), k.helper(1), k.mov('r0', reg(n)), k.exit])).toContain('poison: r0');
  });

  it('keep r6 to r9', () => {
    const insns = [
      k.mov('r6', 6),
      k.mov('r9', 9),
      k.helper(1),
      k.mov('r0', 'r6'),
      k.alu(64, 'mul', 'r0', 'r9'),
      k.exit,
    ];
    expect(r0(insns)).toBe(hex64(54n));
  });

  describe('and guest memory', () => {
    const use = (model: CalleeModel, insns: Insn[]): Execution =>
      run([...insns], {
        models: models({ 'helper:1': model }),
        memory: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      });

    it('read what is there, undefined outside', () => {
      const reads: unknown[] = [];
      use(
        ({ memory }) => {
          reads.push(memory.read(CTX_BASE, 8), memory.read(CTX_BASE + 6n, 2), memory.read(CTX_BASE + 7n, 2));
          reads.push(memory.read(MAIN_FP - 8n, 8) === undefined);
          return 0n;
        },
        [k.helper(1), k.exit],
      );
      expect(reads).toEqual([0x0807_0605_0403_0201n, 0x0807n, undefined, false]);
    });

    it('write, and what they write is not poison', () => {
      const writes: boolean[] = [];
      const got = use(
        ({ memory, args }) => {
          writes.push(memory.write(args[0] ?? 0n, 8, 77n), memory.write(0n, 1, 1n));
          return 0n;
        },
        [k.mov('r1', 'r10'), k.add('r1', -8), k.helper(1), k.ldx(8, 'r0', 'r10', -8), k.exit],
      );
      expect(r0Of(got)).toBe(hex64(77n));
      expect(writes).toEqual([true, false]);
      expect(calls(got)[0]?.stack).toBeNull();
    });

    it('do not write to read-only data', () => {
      const data = [{ name: '.rodata', address: 0x1000n, bytes: new Uint8Array(8), writable: false }];
      const model: CalleeModel = ({ memory }) => (memory.write(0x1000n, 1, 1n) ? 1n : 0n);
      const got = runAll([[k.helper(1), k.exit]], { models: models({ 'helper:1': model }) }, { data });
      expect([r0Of(got), got.data]).toEqual([hex64(0n), [new Uint8Array(8)]]);
    });
  });

  describe('whose model throws', () => {
    const thrownBy = (cause: unknown, parts: ProgramParts = {}): unknown => {
      const model: CalleeModel = () => {
        throw cause;
      };
      const insns = [k.mov('r0', 0), k.kfunc(9), k.exit];
      try {
        return runAll([insns], { models: models({ 'kfunc:9': model }) }, parts);
      } catch (error) {
        return error;
      }
    };

    it('are named, with the reason', () => {
      const cause = new RangeError('no such map');
      const callees = [{ kind: 'kfunc', id: 9, name: 'nine', args: 0 }] as const;
      const thrown = thrownBy(cause, { callees });
      expect(thrown).toBeInstanceOf(OracleError);
      expect(thrown).toMatchObject({
        kind: 'engine',
        cause,
        message: 'call: nine (kfunc:9) at insn 1: its model threw "no such map": mend the model',
      });
    });

    it('are named too where what is thrown is no error', () => {
      expect(thrownBy('no such map')).toMatchObject({
        cause: 'no such map',
        message: 'call: kfunc_9 (kfunc:9) at insn 1: its model threw "no such map": mend the model',
      });
    });

    it('are named by their key where the program does not list them', () => {
      const program = { ...k.link([[k.helper(3), k.exit]]), callees: new Map() };
      const broken = models({
        'helper:3': () => {
          throw new Error('no');
        },
      });
      expect(() => interpret(program, k.envOf({ models: broken }))).toThrow(
        'call: helper:3 (helper:3) at insn 0: ',
      );
    });
  });
});

describe('callx', () => {
  it('is not run', () => {
    expect(end([k.mov('r1', 0), { kind: 'callx', dst: 1 }, k.exit])).toBe('unsupported: callx at 1');
  });

  it('stops at a poison target', () => {
    expect(end([{ kind: 'callx', dst: 3 }, k.exit])).toBe('poison: r3 as call target at 0');
  });
});
