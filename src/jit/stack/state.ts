/** What the registers, the spill slots of the frame and the outgoing arguments hold at one point of a subprog. */
import { MAX_ARGS, MAX_REG_ARGS, MAX_STACK_ARGS, MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { R10 } from '../../bpf/reg.ts';
import { derivedFromBoth, FP, isExact, lowOf, NO_BOUND, NONE, pointer, type Value } from './pointer.ts';

const REGS = 11;
const SPILLS = MAX_STACK_BYTES / 8;
const STATE_SIZE = REGS + MAX_STACK_ARGS;

/** Small integers all. */
export interface State {
  /** r0..r10, then outgoing stack arguments. */
  readonly regs: Value[];
  /** 8-byte slots from r10 - 8 downwards; undefined while none holds a pointer, as is most common. */
  spills: Value[] | undefined;
}

/** At entry: r10, and arguments that may be stack pointers (bit n: argument n). */
export function entryState(pointerArgs: number): State {
  const regs: Value[] = new Array(STATE_SIZE).fill(NONE);
  for (let n = 1; n <= MAX_REG_ARGS; n++) if ((pointerArgs & (1 << n)) !== 0) regs[n] = pointer(n);
  regs[R10] = pointer(FP);
  return { regs, spills: undefined };
}

export const copyOf = ({ regs, spills }: State): State => ({
  regs: regs.slice(),
  spills: spills?.slice(),
});

/** Makes `into` what `from` is. */
export function assign(into: State, { regs, spills }: State): void {
  for (let k = 0; k < regs.length; k++) into.regs[k] = regs[k] as Value;
  into.spills = spills?.slice();
}

/** Merges `from` into `into`, value by value. Returns whether `into` changed. */
export function mergeInto(into: State, from: State, merge: (a: Value, b: Value) => Value): boolean {
  const changed = mergeValues(into.regs, from.regs, merge);
  if (from.spills === undefined && into.spills === undefined) return changed;
  into.spills ??= noSpills();
  return mergeValues(into.spills, from.spills ?? noSpills(), merge) || changed;
}

function mergeValues(into: Value[], from: readonly Value[], merge: (a: Value, b: Value) => Value): boolean {
  let changed = false;
  for (let k = 0; k < into.length; k++) {
    if (into[k] === from[k]) continue;
    const merged = merge(into[k] as Value, from[k] as Value);
    if (merged !== into[k]) {
      into[k] = merged;
      changed = true;
    }
  }
  return changed;
}

const noSpills = (): Value[] => new Array(SPILLS).fill(NONE);

export const getArgument = ({ regs }: State, n: number): Value => regs[argumentIndex(n)] as Value;
export function setArgument({ regs }: State, n: number, value: Value): void {
  regs[argumentIndex(n)] = value;
}

/** A call leaves no argument behind. */
export function clearArguments(state: State): void {
  for (let n = 1; n <= MAX_ARGS; n++) setArgument(state, n, NONE);
}

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
  if (state.spills === undefined && found === NONE) return;
  state.spills ??= noSpills();
  const { spills } = state;
  for (let k = 0; k < spills.length; k++) spills[k] = derivedFromBoth(spills[k] as Value, found);
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
