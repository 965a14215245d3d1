/** Loads and stores through registers, as far as the stacks they go to are followed. */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { WalkContext } from './context.ts';
import type { State } from './state.ts';
import type { ArgumentRead } from './summary.ts';
import { ARGUMENT, argumentOf, isOnly, may, OTHER, offOf, STACK, type Value } from './value.ts';

export interface Place {
  readonly base: Value;
  readonly off: number;
  readonly size: number;
}

/** What is loaded. Reads through passed pointers are told to callers, where the function has not written before. */
export function loadFrom(context: WalkContext, state: State, place: Place & { readonly pc: number }): Value {
  const { base, off, size, pc } = place;
  if (may(base, STACK)) {
    const at = offOf(base) + off;
    touch(context, at);
    return isOnly(base, STACK) ? state.load(at, size) : OTHER;
  }
  if (may(base, ARGUMENT))
    readArgument(context, state, { argument: argumentOf(base), pc, off: offOf(base) + off, size });
  return OTHER;
}

export function storeTo(context: WalkContext, state: State, { base, off, size }: Place, value: Value): void {
  if (may(value, STACK)) state.escaped = true;
  if (may(value, ARGUMENT)) goWild(context);
  if (isOnly(base, STACK)) {
    const at = offOf(base) + off;
    touch(context, at);
    state.write(at, size, value);
    return;
  }
  if (isOnly(base, ARGUMENT)) state.writeArgument(argumentOf(base), offOf(base) + off, size);
  else goWild(context);
  if (may(base, STACK)) touch(context, offOf(base) + off);
  if (may(base, STACK) || state.escaped) state.disturb();
  // A pointer of unknown distance fills an array of the stack, word by word.
  if (state.escaped && context.isTrusting && may(base, OTHER)) state.write(-MAX_STACK_BYTES, MAX_STACK_BYTES);
}

/** The function reads what an argument points to. */
export function readArgument({ summary, onChange }: WalkContext, state: State, read: ArgumentRead): void {
  if (state.isArgumentWritten(read.argument, read.off, read.size)) return;
  if (summary.addRead(read)) onChange(summary);
}

export function goWild({ summary, onChange }: WalkContext): void {
  if (summary.isWild) return;
  summary.isWild = true;
  onChange(summary);
}

/** The stack reaches down to here. */
export function touch({ summary }: WalkContext, at: number): void {
  if (at < summary.lowest) summary.lowest = at;
}
