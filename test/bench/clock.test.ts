import { describe, expect, it, vi } from 'vitest';
import { Clock } from '../../src/bench/clock.ts';

/** A clock whose time goes on only where `pass` says so, in milliseconds. */
function stoppedTime(): (milliseconds: number) => void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

describe('the clock of the stages', () => {
  it('counts each moment once, for the innermost stage', () => {
    const pass = stoppedTime();
    const clock = new Clock();
    const value = clock.measure('observe', () => {
      pass(1);
      clock.measure('load', () => pass(2));
      const inner = clock.measure('emulate', () => {
        pass(4);
        clock.measure('observe', () => pass(8));
        pass(16);
        return 'x';
      });
      pass(32);
      return inner;
    });
    pass(64);
    expect(value).toBe('x');
    expect([...clock.times()]).toEqual([
      ['load', 2e6],
      ['emulate', 20e6],
      ['observe', 41e6],
    ]);
    clock.reset();
    expect(clock.times().size).toBe(0);
    vi.restoreAllMocks();
  });

  it('goes on with the outer stage after work that throws', () => {
    const pass = stoppedTime();
    const clock = new Clock();
    clock.measure('compare', () => {
      const work = (): void => {
        pass(1);
        throw new Error('no');
      };
      expect(() => clock.measure('compile', work)).toThrow('no');
      pass(2);
    });
    pass(4);
    expect(Object.fromEntries(clock.times())).toEqual({ compile: 1e6, compare: 2e6 });
    vi.restoreAllMocks();
  });
});
