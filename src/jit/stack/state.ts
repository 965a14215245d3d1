/** What the registers, the spill slots of the frame and the outgoing arguments hold at one point of a subprog. */
import { MAX_ARGS, MAX_REG_ARGS, MAX_STACK_ARGS, MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { R10 } from '../../bpf/reg.ts';
import { derivedFromBoth, FP, isExact, lowOf, NO_BOUND, NONE, pointer, type Value } from './pointer.ts';

const REGS = 11;
const SPILLS = MAX_STACK_BYTES / 8;
const SLOT = REGS;
const OUTGOING = REGS + SPILLS;

/** r0..r10, then 8-byte slots from r10 - 8 downwards, then outgoing stack arguments. Small integers all. */
export type State = Value[];
const STATE_SIZE = OUTGOING + MAX_STACK_ARGS;

/** At entry: r10, and arguments that may be stack pointers (bit n: argument n). */
export function entryState(pointerArgs: number): State {
  const state: State = new Array(STATE_SIZE).fill(NONE);
  for (let n = 1; n <= MAX_REG_ARGS; n++) if ((pointerArgs & (1 << n)) !== 0) state[n] = pointer(n);
  state[R10] = pointer(FP);
  return state;
}

/** Merges `from` into `into`, value by value. Returns whether `into` changed. */
export function mergeInto(into: State, from: State, merge: (a: Value, b: Value) => Value): boolean {
  let changed = false;
  for (let k = 0; k < STATE_SIZE; k++) {
    if (into[k] === from[k]) continue;
    const merged = merge(into[k] as Value, from[k] as Value);
    if (merged !== into[k]) {
      into[k] = merged;
      changed = true;
    }
  }
  return changed;
}

export const getArgument = (state: State, n: number): Value => state[argumentIndex(n)] as Value;
export function setArgument(state: State, n: number, value: Value): void {
  state[argumentIndex(n)] = value;
}

/** A call leaves no argument behind. */
export function clearArguments(state: State): void {
  for (let n = 1; n <= MAX_ARGS; n++) setArgument(state, n, NONE);
}

const argumentIndex = (n: number): number => (n <= MAX_REG_ARGS ? n : OUTGOING + n - MAX_REG_ARGS - 1);

/** What `size` bytes at `address + off` hold, an address in this frame. */
export function loadSpill(state: State, address: Value, off: number, size: number): Value {
  const whole = wholeSlot(address, off, size);
  if (whole !== undefined) return state[whole] as Value;
  let value = NONE;
  const [first, last] = slotsTouched(address, off, size);
  for (let k = first; k <= last; k++) value = derivedFromBoth(value, state[SLOT + k] as Value);
  return value;
}

export function storeSpill(state: State, address: Value, off: number, size: number, value: Value): void {
  const whole = wholeSlot(address, off, size);
  if (whole !== undefined) {
    state[whole] = value;
    return;
  }
  const [first, last] = slotsTouched(address, off, size);
  for (let k = first; k <= last; k++) state[SLOT + k] = derivedFromBoth(value, state[SLOT + k] as Value);
}

/** Another function may have changed any slot, and put `found` there. */
export function disturbSpills(state: State, found: Value): void {
  for (let k = SLOT; k < OUTGOING; k++) state[k] = derivedFromBoth(state[k] as Value, found);
}

/** Slots that hold pointers. */
export function* spilled(state: State): Iterable<Value> {
  for (let k = SLOT; k < OUTGOING; k++) if (state[k] !== NONE) yield state[k] as Value;
}

/** State index of the slot an access names exactly and whole, if it does. */
function wholeSlot(address: Value, off: number, size: number): number | undefined {
  const at = lowOf(address) + off;
  const isWhole = isExact(address) && size === 8 && at % 8 === 0 && at < 0 && at >= -MAX_STACK_BYTES;
  return isWhole ? SLOT + -at / 8 - 1 : undefined;
}

/** First and last slot an access may touch, counted from r10 downwards; none if first > last. */
function slotsTouched(address: Value, off: number, size: number): readonly [first: number, last: number] {
  const low = lowOf(address) === NO_BOUND ? -MAX_STACK_BYTES : lowOf(address) + off;
  const last = Math.min(SPILLS - 1, Math.ceil(-low / 8) - 1);
  if (!isExact(address)) return [0, last];
  return [Math.max(0, Math.floor(-(low + size) / 8)), last];
}
