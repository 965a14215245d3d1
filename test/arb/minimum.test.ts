import { describe, expect, it } from 'vitest';
import { bpfProgram, type Generated, type HostileRule, hostileProgram } from '../../src/arb/index.ts';
import { disassembleProgram } from '../../src/bpf/disasm.ts';
import type { CallEvent } from '../../src/core/execution.ts';
import { minimise } from '../kit/arbitrary-kit.ts';
import { runGenerated } from './valid.ts';

const callsOf = (generated: Generated): CallEvent[] =>
  runGenerated(generated).trace.events.filter((event) => event.kind === 'call');

const someCall =
  (holds: (call: CallEvent) => boolean) =>
  (generated: Generated): boolean =>
    callsOf(generated).some(holds);

const leastProgram = (fails: (generated: Generated) => boolean): string =>
  disassembleProgram(minimise(bpfProgram(), fails).program);

describe('a false claim shrinks to the least program that refutes it', () => {
  it('no call passes a sixth argument', () => {
    expect(leastProgram(someCall(({ args }) => args.length >= 6))).toMatchInlineSnapshot(`
      "main:
        r1 = 1
        r2 = 2
        r3 = 3
        r4 = 4
        r5 = 5
        *(u64 *)(r11 - 8) = 6
        call kfunc1
        exit
      "
    `);
  });

  it('no function takes a seventh argument', () => {
    const holds = ({ callee, args }: CallEvent) => callee.kind === 'bpf' && args.length >= 7;
    expect(leastProgram(someCall(holds))).toMatchInlineSnapshot(`
      "main:
        r1 = 1
        r2 = 2
        r3 = 3
        r4 = 4
        r5 = 5
        *(u64 *)(r11 - 8) = 6
        *(u64 *)(r11 - 16) = 7
        call f1
        exit
      f1:
        r0 = 9005808177750464500 ll
        exit
      "
    `);
  });

  it('no kfunc takes 12 arguments', () => {
    const holds = ({ callee, args }: CallEvent) => callee.kind === 'kfunc' && args.length === 12;
    expect(leastProgram(someCall(holds))).toMatchInlineSnapshot(`
      "main:
        r1 = 1
        r2 = 2
        r3 = 3
        r4 = 4
        r5 = 5
        *(u64 *)(r11 - 8) = 6
        *(u64 *)(r11 - 16) = 7
        *(u64 *)(r11 - 24) = 8
        *(u64 *)(r11 - 32) = 9
        *(u64 *)(r11 - 40) = 10
        *(u64 *)(r11 - 48) = 11
        *(u64 *)(r11 - 56) = 12
        call kfunc1
        exit
      "
    `);
  });

  it('no sixth argument is negative', () => {
    expect(leastProgram(someCall(({ args }) => (args[5] ?? 0n) >> 63n === 1n))).toMatchInlineSnapshot(`
      "main:
        r1 = 1
        r2 = 2
        r3 = 3
        r4 = 4
        r5 = 5
        r0 = -9047499871994802268 ll
        *(u64 *)(r11 - 8) = r0
        call kfunc1
        exit
      "
    `);
  });

  it('no chain of calls has four frames', () => {
    const isDeep = (generated: Generated): boolean => {
      let depth = 1;
      return runGenerated(generated).trace.events.some((event) => {
        if (event.kind === 'return') depth--;
        else if (event.callee.kind === 'bpf') depth++;
        return depth === 4;
      });
    };
    expect(leastProgram(isDeep)).toMatchInlineSnapshot(`
      "main:
        call f1
        exit
      f1:
        call f2
        exit
      f2:
        call f3
        exit
      f3:
        r0 = -4392348814003589104 ll
        exit
      "
    `);
  });
});

describe('a broken rule shrinks to few instructions', () => {
  it.each<readonly [HostileRule, number]>([
    ['late-load', 20],
    ['excess-load', 8],
    ['missing-argument', 12],
    ['unneeded-store', 8],
    ['unset-register', 8],
    ['unset-stack', 8],
  ])('%s: at most %d', (rule, most) => {
    const { program } = minimise(hostileProgram(), ({ breaches }) => breaches.some((b) => b.rule === rule));
    expect(program.insns.filter((insn) => insn !== undefined).length).toBeLessThanOrEqual(most);
  });
});
