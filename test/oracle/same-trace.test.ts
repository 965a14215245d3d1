/** The quick answer against the telling of all differences. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StackBytes, TraceEvent } from '../../src/core/execution.ts';
import { Collector } from '../../src/oracle/collector.ts';
import { tellTraces } from '../../src/oracle/compare-trace.ts';
import { isSameTrace } from '../../src/oracle/same-trace.ts';
import { callEvent, execution, frameBytes, returnEvent } from './fakes.ts';

// Few values, so that much is equal.
const word = fc.constantFrom(undefined, 1n, 2n);
const regs = fc.tuple(word, word, word, word, word);
const stack: fc.Arbitrary<StackBytes | null> = fc.option(
  fc.integer({ min: 0, max: 3 }).chain((length) => {
    const bits = fc.array(fc.nat(1), { minLength: length, maxLength: length });
    return fc
      .tuple(bits, fc.option(bits, { nil: undefined }))
      .map(([bytes, poison]) => frameBytes(bytes, poison));
  }),
);
const call = fc
  .record({
    callee: fc.record({ kind: fc.constantFrom('bpf', 'kfunc'), id: fc.nat(1) }),
    args: fc.array(word, { maxLength: 2 }),
    regs,
    stack,
    result: word,
  })
  .map(callEvent);
const leave = fc.record({ subprog: fc.nat(1), result: word, regs: fc.option(regs), stack }).map(returnEvent);
const events = fc.array(fc.oneof(call, leave), { maxLength: 3 });

/** Two that are mostly alike: of the second, one event may be another. */
const pair = fc
  .tuple(events, fc.nat(3), fc.option(fc.oneof(call, leave)), fc.boolean())
  .chain(([one, at, other, isFree]) => {
    const changed = one.flatMap((event, i): TraceEvent[] =>
      i !== at ? [event] : other === null ? [] : [other],
    );
    return fc.tuple(fc.constant(one), isFree ? events : fc.constant(changed));
  });

function told(
  want: readonly TraceEvent[],
  got: readonly TraceEvent[],
  totals: readonly [number, number],
): number {
  const side = (kept: readonly TraceEvent[], total: number) => execution({ trace: { events: kept, total } });
  const out = new Collector(32);
  tellTraces(side(want, totals[0]), side(got, totals[1]), out, { complete: true });
  return out.total;
}

describe('the quick answer', () => {
  it('is that of the full comparison where both kept all events', () => {
    let same = 0;
    fc.assert(
      fc.property(pair, ([want, got]) => {
        const quick = isSameTrace({ events: want, total: want.length }, { events: got, total: got.length });
        if (quick) same++;
        expect(quick).toBe(told(want, got, [want.length, got.length]) === 0);
      }),
      { seed: 1, numRuns: 5000 },
    );
    expect(same).toBeGreaterThan(500);
    expect(same).toBeLessThan(4500);
  });

  it('says nothing that is not so where events were only counted', () => {
    fc.assert(
      fc.property(pair, fc.nat(2), fc.nat(2), ([want, got], more, others) => {
        const totals = [want.length + more, got.length + others] as const;
        const quick = isSameTrace({ events: want, total: totals[0] }, { events: got, total: totals[1] });
        if (quick) expect(told(want, got, totals)).toBe(0);
      }),
      { seed: 2, numRuns: 5000 },
    );
  });
});
