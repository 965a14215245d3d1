/**
 * Every operation with every register as destination, source and base, over operands at the edges: the image
 * under Unicorn leaves what the interpreter leaves, in all registers and all of memory.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { JitOptions } from '../../src/jit/compile.ts';
import { envOf } from '../kit/insns.ts';
import { Machines } from './machines.ts';
import { differing, pack } from './sweep.ts';
import {
  aluByImm,
  aluByReg,
  atomics,
  jumps,
  loadsAndStores,
  moves,
  type SweepCase,
  shiftsByReg,
} from './sweep-cases.ts';

const machines = new Machines();
afterAll(() => machines.close());

interface Sweep {
  readonly name: string;
  readonly cases: () => SweepCase[];
  readonly atLeast: number;
  readonly options?: JitOptions;
}

const SWEEPS: readonly Sweep[] = [
  { name: 'arithmetic by register', cases: aluByReg, atLeast: 25_000 },
  { name: 'shifts by register without BMI2', cases: shiftsByReg, atLeast: 6_000, options: { bmi2: false } },
  { name: 'arithmetic by immediate', cases: aluByImm, atLeast: 9_000 },
  { name: 'moves, extensions, byte swaps', cases: moves, atLeast: 4_000 },
  { name: 'conditional jumps', cases: jumps, atLeast: 18_000 },
  { name: 'loads and stores', cases: loadsAndStores, atLeast: 10_000 },
  { name: 'atomics', cases: atomics, atLeast: 10_000 },
];

describe('compile', () => {
  it.each(SWEEPS)('agrees with the interpreter on $name', ({ cases, atLeast, options }) => {
    const all = cases();
    expect(all.length).toBeGreaterThan(atLeast);
    const wrong: string[] = [];
    for (const packed of pack(all)) {
      const { want, got, verdict } = machines.run(packed.program, envOf({ memory: packed.memory }), options);
      expect(want.outcome).toEqual({ kind: 'exit', r0: 0n });
      expect(want.memoryPoison).toBeUndefined();
      if (verdict.kind === 'agree') continue;
      wrong.push(...differing(packed, want.memory, got.memory));
      if (wrong.length === 0) expect(verdict).toEqual({ kind: 'agree' });
    }
    expect(wrong.slice(0, 10)).toEqual([]);
  });
});
