/**
 * Timers, as Linux has them: functions of the program that run after it. Both sides have timers of their own, and do
 * what these say.
 *
 *   bpf_timer_init          (timer, map, flags)
 *   bpf_timer_set_callback  (timer, function)
 *   bpf_timer_start         (timer, nsecs, flags)     function(map, key, value)
 *   bpf_timer_cancel        (timer)
 *
 * kernel/bpf/helpers.c, linux b00628b1c7d5. A map is a data section here. A timer is the first 16 bytes of a value, on a
 * multiple of 8, and the key is the 8 bytes before it, as they lie in a `struct htab_elem`; what is in these 16 bytes
 * does not matter and does not change.
 *
 * NON-LINUX: time passes between functions alone. Main starts at 0 and takes none; then what was started runs, one
 * function after the other, by the time it expires at, and of the same time in the order it was started. A function may
 * start timers again: after MAX_EXPIRIES of them the map is gone, and its timers with it.
 */
import type { CalleeRef, Word } from './execution.ts';
import { type U64, u64 } from './u64.ts';

/** Helpers by number: how many arguments each looks at. BPF_FUNC_timer_init … BPF_FUNC_timer_cancel */
const ARGS: ReadonlyMap<number, number> = new Map([
  [169, 3],
  [170, 2],
  [171, 3],
  [172, 1],
]);
export const [TIMER_INIT, TIMER_SET_CALLBACK, TIMER_START, TIMER_CANCEL] = [169, 170, 171, 172] as const;

/** Functions that run after a program, at the most. */
export const MAX_EXPIRIES = 8;

const EBUSY = 16n;
const EINVAL = 22n;
const EDEADLK = 35n;
/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME: all the same here. */
const CLOCKS: readonly U64[] = [0n, 1n, 7n];
/** BPF_F_TIMER_ABS; with BPF_F_TIMER_CPU_PIN, all there are. */
const ABSOLUTE = 1n;
const ALL_FLAGS = 3n;
/** KTIME_MAX */
const END_OF_TIME = 2n ** 63n - 1n;

const KEY_BYTES = 8n;
const TIMER_BYTES = 16n;

/** In a program that takes addresses of functions. */
export const isTimerHelper = ({ kind, id }: CalleeRef): boolean => kind === 'helper' && ARGS.has(id);

/** Arguments of such a helper. */
export const timerArgs = (id: number): number => ARGS.get(id) ?? 0;

interface Section {
  readonly address: U64;
  readonly bytes: Uint8Array;
}

interface Timer {
  readonly map: U64;
  callee: U64 | undefined;
  /** Undefined where it is not started. */
  expires: bigint | undefined;
  /** How many were started before it. */
  order: number;
}

/** A function that runs now. */
export interface Expiry {
  /** Address of the function. */
  readonly callee: U64;
  /** What it gets. */
  readonly args: readonly U64[];
}

/** The timers of one run. */
export class Timers {
  readonly #data: readonly Section[];
  /** By address. */
  readonly #timers = new Map<U64, Timer>();
  #running: Timer | undefined;
  #now = 0n;
  #started = 0;
  #expired = 0;

  constructor(data: readonly Section[]) {
    this.#data = data;
  }

  /** Whether a function that a timer calls is running. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The result of a helper. Absent arguments count as 0. */
  call(id: number, args: readonly Word[]): U64 {
    const [address = 0n, second = 0n, flags = 0n] = args;
    if (id === TIMER_INIT) return u64(this.#init(address, second, flags));
    const timer = this.#timers.get(address);
    if (timer === undefined) return u64(-EINVAL);
    if (id === TIMER_SET_CALLBACK) timer.callee = second;
    else if (id === TIMER_CANCEL) return u64(this.#cancel(timer));
    else return u64(this.#start(timer, second, flags));
    return 0n;
  }

  /** Ends the function that ran; the one that runs next, if any does. */
  next(): Expiry | undefined {
    this.#running = undefined;
    if (this.#expired === MAX_EXPIRIES) return undefined;
    let first: [U64, Timer] | undefined;
    for (const each of this.#timers) if (isBefore(each[1], first?.[1])) first = each;
    if (first === undefined) return undefined;
    const [value, timer] = first;
    const { map, callee = 0n, expires = 0n } = timer;
    this.#expired++;
    this.#running = timer;
    if (expires > this.#now) this.#now = expires;
    timer.expires = undefined;
    return { callee, args: [map, value - KEY_BYTES, value] };
  }

  #init(address: U64, map: U64, clock: U64): bigint {
    const section = this.#data.find((each) => each.address === map);
    if (section === undefined || !CLOCKS.includes(clock) || address % 8n !== 0n) return -EINVAL;
    const end = map + BigInt(section.bytes.length);
    if (address < map + KEY_BYTES || address + TIMER_BYTES > end) return -EINVAL;
    if (this.#timers.has(address)) return -EBUSY;
    this.#timers.set(address, { map, callee: undefined, expires: undefined, order: 0 });
    return 0n;
  }

  /** Of one that is started already: anew. Times are signed, as ktime_t is. */
  #start(timer: Timer, nsecs: U64, flags: U64): bigint {
    if ((flags | ALL_FLAGS) !== ALL_FLAGS || timer.callee === undefined) return -EINVAL;
    const time = BigInt.asIntN(64, nsecs);
    const later = time < 0n || this.#now + time > END_OF_TIME ? END_OF_TIME : this.#now + time;
    timer.expires = (flags & ABSOLUTE) === 0n ? later : time;
    timer.order = this.#started++;
    return 0n;
  }

  /** It has to be given a function again. */
  #cancel(timer: Timer): bigint {
    if (timer === this.#running) return -EDEADLK;
    const wasStarted = timer.expires !== undefined;
    timer.callee = undefined;
    timer.expires = undefined;
    return wasStarted ? 1n : 0n;
  }
}

/** Whether a timer is started, and expires before another one. */
function isBefore({ expires, order }: Timer, other: Timer | undefined): boolean {
  if (expires === undefined) return false;
  if (other?.expires === undefined) return true;
  return expires < other.expires || (expires === other.expires && order < other.order);
}
