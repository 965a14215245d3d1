/**
 * What a register, an outgoing slot or a spilled word may hold at a point of a function: a set of kinds, one bit
 * each, and for those that need it a payload, in one integer. The set says what happens on some way to the point.
 *
 *   31            9 8         0
 *   +--------------+-----------+
 *   |   payload    |   kinds   |
 *   +--------------+-----------+
 */
export type Value = number;

/** Nothing was put there. Linux: NOT_INIT. */
export const UNSET = 1;
/** With UNSET, in an outgoing slot: a call has used up what was there. */
export const STALE = 2;
/** The number 0. */
export const ZERO = 4;
/** A number that is no address. Linux: SCALAR_VALUE, where it stems from constants. */
export const NUMBER = 8;
/** Anything: an address, a number, nobody can say. */
export const OTHER = 16;
/** A pointer or 0, not looked at yet. Payload: slot of the call it comes from, plus 1; 0: several. */
export const OR_NULL = 32;
/** A pointer into the function's own stack. Payload: distance to r10. */
export const STACK = 64;
/** A pointer into the caller's stack. Payload: argument it came as, distance to what was passed. */
export const ARGUMENT = 128;
/** The address of a function. Payload: its index. */
export const FUNCTION = 256;

const KIND_BITS = 9;
const KINDS = (1 << KIND_BITS) - 1;
/** Kinds with a payload. */
const POINTED = OR_NULL | STACK | ARGUMENT | FUNCTION;
/** Kinds that an access through the value is refused for, whatever it points to. */
export const NO_ADDRESS = ZERO | NUMBER | OR_NULL | FUNCTION;

const OFF_BITS = 17;
const OFF_BIAS = 1 << (OFF_BITS - 1);
const OFF_MASK = (1 << OFF_BITS) - 1;
/** Origins of arguments; those below are slots. Linux BPF_COMPLEXITY_LIMIT_INSNS is 1,000,000. */
const ARGUMENT_ORIGIN = 1 << 20;
/** Beyond it a distance is of no use: every access there is out of bounds. */
const MAX_OFF = OFF_BIAS - 1;

const pack = (kinds: number, payload: number): Value => (payload << KIND_BITS) | kinds;
const payloadOf = (value: Value): number => value >>> KIND_BITS;

export const may = (value: Value, kinds: number): boolean => (value & kinds) !== 0;
/** Is it of these kinds on every way? */
export const isOnly = (value: Value, kinds: number): boolean => (value & KINDS & ~kinds) === 0;

export const stackAt = (off: number): Value => pack(STACK, off + OFF_BIAS);
export const argumentAt = (argument: number, off: number): Value =>
  pack(ARGUMENT, (argument << OFF_BITS) | (off + OFF_BIAS));
export const orNullFrom = (pc: number): Value => pack(OR_NULL, pc + 1);
export const functionAt = (index: number): Value => pack(FUNCTION, index);

/** Kinds without those that have a payload. */
const plain = (value: Value): number => value & KINDS & ~POINTED;

/** A caller's value as its callee sees it, as argument n. */
export function asArgument(value: Value, n: number): Value {
  if (may(value, STACK | ARGUMENT)) return argumentAt(n, 0) | plain(value);
  return may(value, OR_NULL) ? plain(value) | pack(OR_NULL, ARGUMENT_ORIGIN + n) : value;
}

/** A callee's result as its caller sees it, from a call at `pc` with these arguments. */
export function asResult(value: Value, args: readonly Value[], pc: number): Value {
  if (isOnly(value, ARGUMENT)) return moved(args[argumentOf(value)] ?? OTHER, offOf(value));
  if (may(value, STACK | ARGUMENT)) return plain(value) | OTHER;
  return may(value, OR_NULL) ? plain(value) | orNullFrom(pc) : value;
}

/** Distance of a STACK or ARGUMENT value. */
export const offOf = (value: Value): number => (payloadOf(value) & OFF_MASK) - OFF_BIAS;
export const argumentOf = (value: Value): number => payloadOf(value) >> OFF_BITS;
export const functionOf = (value: Value): number => payloadOf(value);
/** Values of one origin are the same pointer: looking at one tells of all. undefined: not known. */
export const originOf = (value: Value): number | undefined =>
  may(value, OR_NULL) && payloadOf(value) > 0 ? payloadOf(value) : undefined;

/** One or the other. What two different pointers have in common is nothing. */
export function join(a: Value, b: Value): Value {
  if (a === b) return a;
  const kinds = (a | b) & KINDS;
  if (!may(a, POINTED)) return pack(kinds, payloadOf(b));
  if (!may(b, POINTED)) return pack(kinds, payloadOf(a));
  if (payloadOf(a) === payloadOf(b) && (a & POINTED) === (b & POINTED)) return pack(kinds, payloadOf(a));
  const known = kinds & ~POINTED;
  return (a & b & POINTED) === OR_NULL ? pack(known | OR_NULL, 0) : known | OTHER;
}

/** `value + distance`: pointers stay pointers, other values what they are. */
export function moved(value: Value, distance: number): Value {
  if (distance === 0) return value;
  if (!may(value, STACK | ARGUMENT)) return computed(value, NUMBER);
  const off = offOf(value) + distance;
  const rest = may(value, ZERO | NUMBER) ? NUMBER : 0;
  if (Math.abs(off) > MAX_OFF) return rest | OTHER;
  const pointer = may(value, STACK) ? stackAt(off) : argumentAt(argumentOf(value), off);
  return pointer | rest | (value & OTHER);
}

/** What an operation makes of two values, where nothing better is known. */
export function computed(a: Value, b: Value): Value {
  const numbers = may(a, ZERO | NUMBER) && may(b, ZERO | NUMBER) ? NUMBER : 0;
  const others = isOnly(a, ZERO | NUMBER) && isOnly(b, ZERO | NUMBER) ? 0 : OTHER;
  return numbers | others;
}

/** What is left of a value that is 0, or is not; 0 if nothing is: it cannot be. */
export function knownZero(value: Value, isZero: boolean): Value {
  const unset = value & (UNSET | STALE);
  if (!isZero) {
    const rest = value & KINDS & ~(ZERO | OR_NULL);
    if (may(value, OR_NULL)) return (rest | OTHER) & KINDS;
    return rest === 0 ? 0 : pack(rest, payloadOf(value));
  }
  const zero = may(value, ZERO | NUMBER | OR_NULL) ? ZERO : 0;
  return zero | unset | (value & OTHER) | (value & ARGUMENT ? OTHER : 0);
}

/** As its reader sees it who was told that it is unset: anything. */
export const told = (value: Value): Value =>
  isOnly(value, UNSET | STALE) ? OTHER : may(value, UNSET) ? value & ~(UNSET | STALE) : value;
