/** What the registers, the spill slots of the frame and the outgoing arguments hold at one point of a subprog. */
import { MAX_REG_ARGS, MAX_STACK_ARGS, MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { R10 } from '../../bpf/reg.ts';
import { lowestBit } from '../../core/bits.ts';
import { derivedFromBoth, FP, isExact, lowOf, NO_BOUND, NONE, pointer, type Value } from './pointer.ts';

const REGS = 11;
const SPILLS = MAX_STACK_BYTES / 8;
const STATE_SIZE = REGS + MAX_STACK_ARGS;

/** Outgoing arguments 1..12, as bits of `live`. */
const REG_ARGUMENTS = ((1 << MAX_REG_ARGS) - 1) << 1;
const STACK_ARGUMENTS = ((1 << MAX_STACK_ARGS) - 1) << REGS;
const ARGUMENTS = REG_ARGUMENTS | STACK_ARGUMENTS;

/** Small integers all. */
export interface State {
  /** r0..r10, then outgoing stack arguments. */
  readonly regs: Value[];
  /** Bit k: regs[k] is not NONE. Most are, so that most of the work is to see that there is none. */
  live: number;
  /** 8-byte slots from r10 - 8 downwards; undefined while none holds a pointer, as is most common. */
  spills: Value[] | undefined;
}

const NO_REGS: readonly Value[] = new Array<Value>(STATE_SIZE).fill(NONE);
const NO_SPILLS: readonly Value[] = new Array<Value>(SPILLS).fill(NONE);

/** At entry: r10, and arguments that may be stack pointers (bit n: argument n). */
export function entryState(pointerArgs: number): State {
  const regs = NO_REGS.slice();
  for (let n = 1; n <= MAX_REG_ARGS; n++) if ((pointerArgs & (1 << n)) !== 0) regs[n] = pointer(n);
  regs[R10] = pointer(FP);
  return { regs, live: (1 << R10) | (pointerArgs & REG_ARGUMENTS), spills: undefined };
}

/** No pointer but r10: of any number of places, the one state. Not to be changed. */
export const PLAIN: State = entryState(0);

const isPlain = ({ regs, live, spills }: State): boolean =>
  live === PLAIN.live && spills === undefined && regs[R10] === PLAIN.regs[R10];

const copyOf = (state: State): State =>
  isPlain(state) ? PLAIN : { regs: state.regs.slice(), live: state.live, spills: state.spills?.slice() };

/** By its place in `regs`. */
export function setReg(state: State, k: number, value: Value): void {
  state.regs[k] = value;
  if (value === NONE) state.live &= ~(1 << k);
  else state.live |= 1 << k;
}

/** Makes `into` what `from` is. */
export function assign(into: State, from: State): void {
  for (let left = into.live | from.live; left !== 0; left &= left - 1) {
    const k = lowestBit(left);
    into.regs[k] = from.regs[k] as Value;
  }
  into.live = from.live;
  into.spills = from.spills?.slice();
}

type Merge = (a: Value, b: Value) => Value;

/** Merges `from` into what stands at `at`, value by value. Returns whether that changed. */
export function mergeAt(states: (State | undefined)[], at: number, from: State, merge: Merge): boolean {
  let into = states[at];
  if (into === undefined) {
    states[at] = copyOf(from);
    return true;
  }
  if (into === PLAIN) {
    if (isPlain(from)) return false;
    into = entryState(0);
    states[at] = into;
  }
  return mergeInto(into, from, merge);
}

function mergeInto(into: State, from: State, merge: Merge): boolean {
  let changed = false;
  for (let left = into.live | from.live; left !== 0; left &= left - 1)
    if (mergeValue(into.regs, from.regs, lowestBit(left), merge)) changed = true;
  into.live |= from.live;
  if (from.spills === undefined && into.spills === undefined) return changed;
  into.spills ??= noSpills();
  const spills = from.spills ?? noSpills();
  for (let k = 0; k < SPILLS; k++) if (mergeValue(into.spills, spills, k, merge)) changed = true;
  return changed;
}

function mergeValue(into: Value[], from: readonly Value[], k: number, merge: Merge): boolean {
  if (into[k] === from[k]) return false;
  const merged = merge(into[k] as Value, from[k] as Value);
  const changed = merged !== into[k];
  into[k] = merged;
  return changed;
}

const noSpills = (): Value[] => NO_SPILLS.slice();

export const getArgument = ({ regs }: State, n: number): Value => regs[argumentIndex(n)] as Value;
export function setArgument(state: State, n: number, value: Value): void {
  setReg(state, argumentIndex(n), value);
}

/** A call leaves no argument behind. */
export function clearArguments(state: State): void {
  for (let left = state.live & ARGUMENTS; left !== 0; left &= left - 1) state.regs[lowestBit(left)] = NONE;
  state.live &= ~ARGUMENTS;
}

/** Bit n: argument n may be a pointer. */
export const argumentsOf = ({ live }: State): number =>
  (live & REG_ARGUMENTS) | ((live & STACK_ARGUMENTS) >> (REGS - MAX_REG_ARGS - 1));

const argumentIndex = (n: number): number => (n <= MAX_REG_ARGS ? n : REGS + n - MAX_REG_ARGS - 1);

/** What `size` bytes at `address + off` hold, an address in this frame. */
export function loadSpill({ spills }: State, address: Value, off: number, size: number): Value {
  if (spills === undefined) return NONE;
  const whole = wholeSlot(address, off, size);
  if (whole !== undefined) return spills[whole] as Value;
  let value = NONE;
  const [first, last] = slotsTouched(address, off, size);
  for (let k = first; k <= last; k++) value = derivedFromBoth(value, spills[k] as Value);
  return value;
}

export function storeSpill(state: State, address: Value, off: number, size: number, value: Value): void {
  if (state.spills === undefined && value === NONE) return;
  state.spills ??= noSpills();
  const { spills } = state;
  const whole = wholeSlot(address, off, size);
  if (whole !== undefined) {
    spills[whole] = value;
    return;
  }
  const [first, last] = slotsTouched(address, off, size);
  for (let k = first; k <= last; k++) spills[k] = derivedFromBoth(value, spills[k] as Value);
}

/** Another function may have changed any slot, and put `found` there. */
export function disturbSpills(state: State, found: Value): void {
  state.spills ??= noSpills();
  const { spills } = state;
  let last = NONE;
  let disturbed = derivedFromBoth(last, found);
  for (let k = 0; k < SPILLS; k++) {
    const value = spills[k] as Value;
    // Most are as the one before.
    if (value !== last) disturbed = derivedFromBoth(value, found);
    last = value;
    spills[k] = disturbed;
  }
}

/** The slot an access names exactly and whole, if it does. */
function wholeSlot(address: Value, off: number, size: number): number | undefined {
  const at = lowOf(address) + off;
  const isWhole = isExact(address) && size === 8 && at % 8 === 0 && at < 0 && at >= -MAX_STACK_BYTES;
  return isWhole ? -at / 8 - 1 : undefined;
}

/** First and last slot an access may touch, counted from r10 downwards; none if first > last. */
function slotsTouched(address: Value, off: number, size: number): readonly [first: number, last: number] {
  const low = lowOf(address) === NO_BOUND ? -MAX_STACK_BYTES : lowOf(address) + off;
  const last = Math.min(SPILLS - 1, Math.ceil(-low / 8) - 1);
  if (!isExact(address)) return [0, last];
  return [Math.max(0, Math.floor(-(low + size) / 8)), last];
}
