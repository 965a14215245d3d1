/** Signatures of helpers and kfuncs. */
import type { Arbitrary } from 'fast-check';
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import { type Draw, drawn } from './draw.ts';
import type { NativeSpec } from './spec.ts';

/** @internal Every arity from 0 to 12 alike, with some weight on the edges 5|6, 6|7 and 12. */
export function drawArity(draw: Draw): number {
  return draw.chance(30) ? draw.pick([5, 6, 7, 8, MAX_ARGS]) : draw.below(MAX_ARGS + 1);
}

/** @internal */
export function drawNative(draw: Draw): NativeSpec {
  return draw.chance(25)
    ? { kind: 'helper', args: draw.below(MAX_REG_ARGS + 1) }
    : { kind: 'kfunc', args: drawArity(draw) };
}

/** @internal */
export function* shrinkNative(native: NativeSpec): Iterable<NativeSpec> {
  if (native.args > 0) yield { ...native, args: 0 };
  if (native.args > 1) yield { ...native, args: native.args - 1 };
}

/** Helpers of 0 to 5 arguments, kfuncs of 0 to 12. Shrinks towards no arguments. */
export const funcProto = (): Arbitrary<NativeSpec> => drawn({ draw: drawNative, shrink: shrinkNative });
