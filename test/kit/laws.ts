/** For laws of the reference interpreter: operands, and equations whose sides are programs. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Insn, Width } from '../../src/bpf/insn.ts';
import type { Size } from '../../src/bpf/load-store.ts';
import * as k from './insns.ts';
import { EDGES, r0 } from './run.ts';

export const OPTIONS = { seed: 9669, numRuns: 400 };

/** Register values: half of them at the edges of some width. */
export const word = (): fc.Arbitrary<bigint> =>
  fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
export const imm = (): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  );
export const width = (): fc.Arbitrary<Width> => fc.constantFrom<Width>(32, 64);
export const size = () => fc.constantFrom<Size>(1, 2, 4, 8);

/** r0 after `insns` on r1 = a, r2 = b, r3 = c; r4 = r10 - 64 points to eight zeroed bytes, then eight more. */
export function result(words: readonly bigint[], insns: readonly Insn[]): string {
  const loads = words.map((value, i) => k.lddw(`r${i + 1}`, value));
  const scratch = [
    k.mov('r4', 'r10'),
    k.add('r4', -64),
    k.store(8, 'r4', 0, 0),
    k.store(8, 'r4', 8, 0),
    k.mov('r0', 0),
  ];
  return r0([...loads, ...scratch, ...insns, k.exit]);
}

/** Both programs leave the same r0. */
export function equal(words: readonly bigint[], left: readonly Insn[], right: readonly Insn[]): void {
  expect(result(words, left)).toBe(result(words, right));
}

export const to0 = (reg: k.RegName): Insn => k.mov('r0', reg);
