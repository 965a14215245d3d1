import { expect, it } from 'vitest';
import { warmNsOf } from '../../src/cli/bench-processes.ts';

const summary = { ran: 3000, agree: 3000, diverge: 0, inconclusive: 0, skipped: 0 };
const pace = [
  { cases: 1024, seconds: 2 },
  { cases: 2048, seconds: 3 },
];

it('a run is warm from the mark on that is nearest to its half', () => {
  expect(warmNsOf({ summary, seconds: 3.952, pace })).toBeCloseTo(1e6, 6);
  expect(warmNsOf({ summary: { ...summary, ran: 2048 }, seconds: 3, pace })).toBeCloseTo(1e9 / 1024, 6);
  expect(warmNsOf({ summary, seconds: 3 })).toBe(1e6);
});
