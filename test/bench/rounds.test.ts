import { describe, expect, it } from 'vitest';
import { type Probe, takeTurns } from '../../src/bench/rounds.ts';

describe('takeTurns', () => {
  it('runs every probe once cold, then all of them in turn', () => {
    const order: string[] = [];
    const probe = (name: string): Probe => ({
      name,
      run: () => {
        order.push(name);
        return new Map([['x', 1]]);
      },
    });
    takeTurns([probe('a'), probe('b')], 2);
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('keeps the cold round out of median and quartiles', () => {
    const times = [900, 3, 1, 5, 2, 4];
    const probe: Probe = { name: 'p', run: () => new Map([['x', times.shift() as number]]) };
    expect(takeTurns([probe], 5).get('p')?.get('x')).toEqual({ cold: 900, lower: 2, median: 3, upper: 4 });
  });
});
