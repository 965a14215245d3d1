/** What makes a value of each arbitrary valid, checked without the code that made it. */
import { expect } from 'vitest';
import type { CallGraph } from '../../src/arb/call-graph.ts';
import type { Generated } from '../../src/arb/lower.ts';
import type { MemorySpec } from '../../src/arb/memory.ts';
import type { NativeSpec } from '../../src/arb/spec.ts';
import { decode } from '../../src/bpf/decode.ts';
import { encode } from '../../src/bpf/encode.ts';
import type { Execution } from '../../src/core/execution.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { breachesOf } from '../../src/lint/lint.ts';
import { describeOutcome } from '../kit/run.ts';

/** Instructions no generated program runs. */
const INSN_LIMIT = 20_000;

export const runGenerated = ({ program, input }: Pick<Generated, 'program' | 'input'>): Execution =>
  interpret(program, { input, models: new Map(), insnLimit: INSN_LIMIT });

/** Wire format, contract, and a run to its end in which no call sees a value nobody may rely on. */
export function checkProgram(generated: Generated): void {
  const { program } = generated;
  expect(decode(encode(program.insns))).toEqual(program.insns);
  expect(breachesOf(program, { writes: 'doubted' })).toEqual([]);
  const { outcome, trace } = runGenerated(generated);
  expect(describeOutcome(outcome)).toMatch(/^exit /);
  for (const event of trace.events) {
    if (event.kind === 'call') expect(event.args).not.toContain(undefined);
    else expect(event.result).toBeDefined();
  }
}

export function checkNative({ kind, args }: NativeSpec): void {
  expect(Number.isInteger(args) && args >= 0 && args <= (kind === 'helper' ? 5 : 12)).toBe(true);
}

export function checkGraph({ functions, natives }: CallGraph): void {
  expect(functions.length).toBeGreaterThan(0);
  expect(functions.length).toBeLessThanOrEqual(8);
  expect(functions[0]?.args).toBe(2);
  expect(natives.length).toBeGreaterThan(0);
  natives.forEach(checkNative);
  functions.forEach(({ args, calls }, caller) => {
    expect(args).toBeLessThanOrEqual(12);
    for (const { kind, index } of calls)
      expect(index).toBeLessThan(kind === 'bpf' ? functions.length - 1 - caller : natives.length);
  });
}

export function checkMemory({ ctx, data, rodata }: MemorySpec): void {
  expect(ctx).toBeGreaterThanOrEqual(0);
  expect(data).toBeGreaterThanOrEqual(8);
  expect(rodata).toBeGreaterThanOrEqual(8);
}
