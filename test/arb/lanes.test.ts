/** Arbitraries of the lanes, as the package exports them: each value is a program, and lowers to the same again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessProgram,
  callbackProgram,
  lowerAccesses,
  lowerCallbacks,
  lowerTailCalls,
  lowerThrows,
  tailCallProgram,
  throwProgram,
  timerProgram,
} from '../../src/arb/index.ts';
import { encode } from '../../src/bpf/encode.ts';
import type { Program } from '../../src/bpf/program.ts';

const sample = <T>(arbitrary: fc.Arbitrary<T>): T[] => fc.sample(arbitrary, { seed: 5, numRuns: 20 });
const bytes = ({ insns }: Program): string => Buffer.from(encode(insns)).toString('hex');

function expectSame<S>(
  made: readonly { readonly spec: S; readonly program: Program }[],
  lower: (spec: S) => { readonly program: Program },
): void {
  expect(made.map(({ spec }) => bytes(lower(spec).program))).toEqual(
    made.map(({ program }) => bytes(program)),
  );
  expect(new Set(made.map(({ program }) => bytes(program))).size).toBeGreaterThan(made.length / 2);
}

describe('what the package exports', () => {
  it('lowers specs of accesses', () => expectSame(sample(accessProgram()), lowerAccesses));
  it('lowers specs of callbacks', () => expectSame(sample(callbackProgram()), lowerCallbacks));
  it('lowers specs of timers', () => expectSame(sample(timerProgram()), lowerCallbacks));
  it('lowers specs of exceptions', () => expectSame(sample(throwProgram()), lowerThrows));
  it('lowers specs of tail calls', () => expectSame(sample(tailCallProgram()), lowerTailCalls));
});
