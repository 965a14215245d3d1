/** Timers by themselves: results of their helpers, and the order in which they expire. */
import { describe, expect, it } from 'vitest';
import {
  MAX_EXPIRIES,
  TIMER_CANCEL,
  TIMER_INIT,
  TIMER_SET_CALLBACK,
  TIMER_START,
  Timers,
} from '../../src/core/timer.ts';
import { u64 } from '../../src/core/u64.ts';

const MAP = 0x1000n;
const SECTIONS = [{ address: MAP, bytes: new Uint8Array(96) }];
const [EBUSY, EINVAL, EDEADLK] = [u64(-16n), u64(-22n), u64(-35n)];
const timerAt = (index: number): bigint => MAP + 8n + 32n * BigInt(index);

class Bench {
  readonly timers = new Timers(SECTIONS);

  init = (timer: bigint, map = MAP, flags = 1n) => this.timers.call(TIMER_INIT, [timer, map, flags]);
  set = (timer: bigint, callee: bigint) => this.timers.call(TIMER_SET_CALLBACK, [timer, callee]);
  start = (timer: bigint, nsecs: bigint, flags = 0n) => this.timers.call(TIMER_START, [timer, nsecs, flags]);
  cancel = (timer: bigint) => this.timers.call(TIMER_CANCEL, [timer]);

  /** Gives the first timers the functions 100, 101, … */
  ready(count: number): this {
    for (let i = 0; i < count; i++) {
      this.init(timerAt(i));
      this.set(timerAt(i), 100n + BigInt(i));
    }
    return this;
  }

  /** Functions in the order they run. */
  rest(): bigint[] {
    const callees: bigint[] = [];
    for (let next = this.timers.next(); next !== undefined; next = this.timers.next())
      callees.push(next.callee);
    return callees;
  }
}

describe('bpf_timer_init', () => {
  it('takes 16 bytes behind a key, in a map, once', () => {
    const bench = new Bench();
    expect(bench.init(timerAt(0))).toBe(0n);
    expect(bench.init(timerAt(0))).toBe(EBUSY);
    expect(bench.init(MAP + 80n)).toBe(0n);
    expect(bench.init(MAP)).toBe(EINVAL);
    expect(bench.init(MAP + 12n)).toBe(EINVAL);
    expect(bench.init(MAP + 88n)).toBe(EINVAL);
    expect(bench.init(timerAt(1), MAP + 8n)).toBe(EINVAL);
  });

  it('knows three clocks', () => {
    const results = [0n, 1n, 2n, 7n, 8n, 1n << 32n].map((clock) => new Bench().init(timerAt(0), MAP, clock));
    expect(results).toEqual([0n, 0n, EINVAL, 0n, EINVAL, EINVAL]);
  });
});

describe('other helpers of timers', () => {
  it('want one that is initialised', () => {
    const bench = new Bench();
    expect([bench.set(timerAt(0), 1n), bench.start(timerAt(0), 1n), bench.cancel(timerAt(0))]).toEqual([
      EINVAL,
      EINVAL,
      EINVAL,
    ]);
  });

  it('start one that has a function, with flags they know', () => {
    const bench = new Bench();
    bench.init(timerAt(0));
    expect(bench.start(timerAt(0), 1n)).toBe(EINVAL);
    bench.set(timerAt(0), 100n);
    expect([0n, 1n, 2n, 3n, 4n].map((flags) => bench.start(timerAt(0), 1n, flags))).toEqual([
      0n,
      0n,
      0n,
      0n,
      EINVAL,
    ]);
    expect(bench.rest()).toEqual([100n]);
  });

  it('cancel one, which then has no function', () => {
    const bench = new Bench().ready(1);
    bench.start(timerAt(0), 1n);
    expect(bench.cancel(timerAt(0))).toBe(1n);
    expect(bench.start(timerAt(0), 1n)).toBe(EINVAL);
    expect(bench.cancel(timerAt(0))).toBe(0n);
    expect(bench.rest()).toEqual([]);
  });

  it('cannot cancel the one whose function runs', () => {
    const bench = new Bench().ready(2);
    bench.start(timerAt(0), 1n);
    bench.start(timerAt(1), 2n);
    bench.timers.next();
    expect(bench.cancel(timerAt(0))).toBe(EDEADLK);
    expect(bench.cancel(timerAt(1))).toBe(1n);
    expect(bench.rest()).toEqual([]);
  });
});

describe('what is started', () => {
  it('runs with map, key and value', () => {
    const bench = new Bench().ready(2);
    bench.start(timerAt(1), 0n);
    expect(bench.timers.next()).toEqual({ callee: 101n, args: [MAP, MAP + 32n, MAP + 40n] });
    expect(bench.timers.next()).toBeUndefined();
  });

  it('runs by time, and of the same time in the order it was started', () => {
    const bench = new Bench().ready(3);
    bench.start(timerAt(2), 5n);
    bench.start(timerAt(1), 5n);
    bench.start(timerAt(0), 4n);
    expect(bench.rest()).toEqual([100n, 102n, 101n]);
  });

  it('runs once, by the last start and the last function', () => {
    const bench = new Bench().ready(2);
    bench.start(timerAt(0), 1n);
    bench.start(timerAt(1), 2n);
    bench.start(timerAt(0), 3n);
    bench.set(timerAt(0), 200n);
    expect(bench.rest()).toEqual([101n, 200n]);
  });

  it('counts from now, or as a time', () => {
    const bench = new Bench().ready(3);
    bench.start(timerAt(0), 10n);
    expect(bench.timers.next()?.callee).toBe(100n);
    bench.start(timerAt(0), 5n);
    bench.start(timerAt(1), 14n, 1n);
    // Long ago.
    bench.start(timerAt(2), u64(-1n), 1n);
    expect(bench.rest()).toEqual([102n, 101n, 100n]);
  });

  it('runs last where its time is too far off', () => {
    const bench = new Bench().ready(3);
    bench.start(timerAt(0), u64(-1n));
    bench.start(timerAt(1), 2n ** 63n - 1n);
    bench.start(timerAt(2), 2n ** 63n - 2n);
    expect(bench.rest()).toEqual([102n, 100n, 101n]);
  });

  it('may start itself, so often', () => {
    const bench = new Bench().ready(1);
    bench.start(timerAt(0), 0n);
    let count = 0;
    for (; bench.timers.next() !== undefined; count++) bench.start(timerAt(0), 1n);
    expect(count).toBe(MAX_EXPIRIES);
  });
});
