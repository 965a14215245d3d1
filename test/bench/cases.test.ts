import { expect, it } from 'vitest';
import { caseOf, casesAt, MEDIAN_PROGRAM, medianIndexes } from '../../src/bench/cases.ts';
import { Checker } from '../../src/checker.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { Shard } from '../../src/fuzz/shard.ts';
import { interpret } from '../../src/interp/interpret.ts';

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const ran = (indexes: readonly number[]) =>
  casesAt(indexes).map((made) => {
    const { program, env } = caseOf(made);
    const { insns, trace } = interpret(program, env);
    return { insns: insns ?? 0, calls: trace.events.filter(({ kind }) => kind === 'call').length };
  });

it('the median program is what half of the lane run, and half do not', () => {
  const all = ran(Array.from({ length: 4000 }, (_, index) => index));
  const [insns, calls] = [median(all.map((each) => each.insns)), median(all.map((each) => each.calls))];
  expect([Math.abs(insns - 65) <= 2, calls]).toEqual([true, 4]);
  const picked = medianIndexes(40);
  for (const each of ran(picked)) {
    expect(each.insns).toBeGreaterThanOrEqual(MEDIAN_PROGRAM.insns[0]);
    expect(each.insns).toBeLessThanOrEqual(MEDIAN_PROGRAM.insns[1]);
    expect(each.calls).toBeGreaterThanOrEqual(MEDIAN_PROGRAM.calls[0]);
    expect(each.calls).toBeLessThanOrEqual(MEDIAN_PROGRAM.calls[1]);
  }
  expect(median(ran(picked).map((each) => each.insns))).toBeGreaterThan(62);
});

it('cases picked by their number are judged as those of a block are', () => {
  const open = () => new Checker({ engine: () => openUnicorn() });
  const shard = new Shard({ seed: 1, open });
  expect(shard.runPicked(medianIndexes(40))).toEqual({
    valid: { agree: 40, diverge: 0, inconclusive: 0, skipped: 0 },
  });
  shard.close();
});
