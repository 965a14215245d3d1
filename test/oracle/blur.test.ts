/** Images that say little of themselves: what may be compared then, and that it is still a lot. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Image } from '../../src/core/image.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { INSN_LIMIT } from '../../src/fuzz/judge.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { MUTANTS } from '../../src/mutant/index.ts';
import { commonOf } from '../../src/oracle/blur.ts';
import { add, alu, exit, helper, jcc, lddw, link, mov, store } from '../kit/insns.ts';
import { callEvent, execution, exit as exits, faults, returnEvent } from './fakes.ts';

/** The least a JIT must tell. */
function bare({ jit, code, base, entry, subprogEntries, args }: Image): Image {
  return {
    jit,
    code,
    base,
    entry,
    subprogEntries,
    args: { bpf: [], native: args.native },
    subprogAbi: 'own',
  };
}

const checker = new Checker({ compile: (program) => bare(compile(program).image) });
afterAll(() => checker.close());

describe('commonOf', () => {
  const same = execution({ outcome: exits(1n), memory: new Uint8Array([1, 2]), data: [new Uint8Array([3])] });

  it('is the run itself where both are alike', () => {
    expect(commonOf(same, same)).toEqual({ ...same, dataPoison: [undefined] });
  });

  it('leaves out what differs', () => {
    const one = execution({
      outcome: exits(1n),
      memory: new Uint8Array([1, 2]),
      data: [new Uint8Array([3])],
      events: [callEvent({ args: [1n, 2n] }), returnEvent({ result: 1n })],
    });
    const other = execution({
      outcome: exits(2n),
      memory: new Uint8Array([1, 9]),
      data: [new Uint8Array([9])],
      events: [callEvent({ args: [9n, 2n] }), returnEvent({ result: 2n })],
    });
    expect(commonOf(one, other)).toMatchObject({
      outcome: { kind: 'exit', isUnsure: true },
      memoryPoison: new Uint8Array([0, 1]),
      dataPoison: [new Uint8Array([1])],
      trace: { events: [{ args: [undefined, 2n] }, { result: undefined }], total: 2 },
    });
  });

  it('keeps what was poison in one', () => {
    const poisoned = { ...same, memoryPoison: new Uint8Array([1, 0]) };
    expect(commonOf(same, poisoned)?.memoryPoison).toEqual(new Uint8Array([1, 0]));
  });

  const read = { kind: 'read', address: 1n, size: 8 } as const;
  // biome-ignore format: a table
  it.each([
    ['another end',       execution(),                                execution({ outcome: faults(read) })],
    ['another address',   execution({ outcome: faults(read) }),       execution({ outcome: faults({ ...read, address: 2n }) })],
    ['another call',      execution({ events: [callEvent()] }),       execution({ events: [callEvent({ callee: { kind: 'kfunc', id: 2 } })] })],
    ['a call more',       execution({ events: [callEvent()] }),       execution()],
    ['another subprog',   execution({ events: [returnEvent()] }),     execution({ events: [returnEvent({ subprog: 1 })] })],
    ['a call elsewhere',  execution({ events: [callEvent({ pc: 1 })] }), execution({ events: [callEvent({ pc: 2 })] })],
  ])('is nothing where the runs went different ways: %s', (_, one, other) => {
    expect(commonOf(one, other)).toBeNull();
  });
});

describe('an image without registers, frames and maps', () => {
  it('is not called wrong for where its frames lie', () => {
    const program = link([[mov('r0', 'r10'), store(8, 'r10', -8, 'r0'), mov('r1', 'r10'), helper(1), exit]]);
    expect(checker.check(program).verdict).toBe('agree');
  });

  it('is called wrong for what does not depend on that', () => {
    const program = link([[mov('r1', 'r10'), mov('r2', 5), helper(1), mov('r0', 1), exit]]);
    const callees = [{ kind: 'helper', id: 1, name: 'h', args: 2 }] as const;
    const known: Program = { ...program, callees: new Map([['helper:1', callees[0]]]) };
    const broken = new Checker({
      compile: (it) => bare(compile({ ...it, insns: it.insns.with(1, mov('r2', 6)) }).image),
    });
    const result = broken.check(known);
    broken.close();
    expect(result.divergences.map(({ subject }) => subject.kind)).toContain('arg');
  });

  it('proves nothing where its way depends on where its frames lie', () => {
    const program = link([
      [lddw('r1', 0x7ffe_9a00_8000n), mov('r0', 0), jcc(64, 'jgt', 'r10', 'r1', 1), mov('r0', 1), exit],
    ]);
    const result = checker.check(program);
    expect(result).toMatchObject({ verdict: 'agree' });
    const calls = link([
      [
        mov('r2', 'r10'),
        alu(64, 'and', 'r2', 16),
        mov('r0', 0),
        jcc(64, 'jeq', 'r2', 0, 1),
        helper(1),
        add('r0', 0),
        exit,
      ],
    ]);
    expect(checker.check(calls)).toMatchObject({ verdict: 'inconclusive', reason: { kind: 'placement' } });
  });

  it('agrees on generated programs, and says so of most', () => {
    const verdicts = new Map<string, number>();
    for (let index = 0; index < 300; index++) {
      const { program, input } = caseAt(11, { index, choices: [] });
      const { verdict } = checker.check(program, { memory: input.memory, insnLimit: INSN_LIMIT });
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    expect(verdicts.get('diverge')).toBeUndefined();
    expect(verdicts.get('agree')).toBeGreaterThan(270);
  });

  it.each(
    ['swap-args-7-8-kfunc', 'add32-as-64', 'sdiv-as-udiv'].filter((name) =>
      MUTANTS.some((m) => m.name === name),
    ),
  )('shows the mutant %s all the same', (name) => {
    const mutant = MUTANTS.find((each) => each.name === name) as (typeof MUTANTS)[number];
    const target = mutant.mutate(LINUX_TARGET);
    const broken = new Checker({ compile: (program) => bare(compile(program, {}, target).image) });
    let found = false;
    for (let index = 0; index < 2000 && !found; index++) {
      const { program, input } = caseAt(1, { index, choices: [] });
      found = broken.check(program, { memory: input.memory, insnLimit: INSN_LIMIT }).verdict === 'diverge';
    }
    broken.close();
    expect(found).toBe(true);
  });
});
