/** Memory of programs: context, .data and .rodata; and inputs alone. */
import type { Arbitrary } from 'fast-check';
import type { Input } from '../core/env.ts';
import { distinctBytes } from './distinct.ts';
import { type Draw, drawn } from './draw.ts';
import { MIN_REGION_BYTES } from './regions.ts';
import type { ProgramSpec } from './spec.ts';

/** Sizes in bytes, and the seed of the contents. */
export type MemorySpec = Pick<ProgramSpec, 'ctx' | 'data' | 'rodata' | 'seed'>;

/** Constraints to be applied on {@link memory} and {@link input}. */
export interface MemoryConstraints {
  /** Bytes of context; 0 for none. @defaultValue 64 */
  readonly maxContext?: number;
}

const MAX_CONTEXT = 64;

/** @internal */
export function drawMemory(draw: Draw, { maxContext = MAX_CONTEXT }: MemoryConstraints = {}): MemorySpec {
  return {
    ctx: draw.chance(20) ? draw.below(Math.min(2, maxContext + 1)) : draw.below(maxContext + 1),
    data: draw.between(MIN_REGION_BYTES, 64),
    rodata: draw.between(MIN_REGION_BYTES, 32),
    seed: draw.bits32(),
  };
}

/** @internal */
export function* shrinkMemory<T extends MemorySpec>(spec: T): Iterable<T> {
  if (spec.ctx > 0) yield { ...spec, ctx: 0 };
  if (spec.data > MIN_REGION_BYTES) yield { ...spec, data: MIN_REGION_BYTES };
  if (spec.rodata > MIN_REGION_BYTES) yield { ...spec, rodata: MIN_REGION_BYTES };
}

/** Sizes of memory. Shrinks towards no context and 8 bytes of each section. */
export const memory = (constraints: MemoryConstraints = {}): Arbitrary<MemorySpec> =>
  drawn({ draw: (draw) => drawMemory(draw, constraints), shrink: shrinkMemory });

/** Context memory for any program. Shrinks towards none. */
export const input = ({ maxContext = MAX_CONTEXT }: MemoryConstraints = {}): Arbitrary<Input> =>
  drawn({
    draw: (draw) => ({ memory: distinctBytes(draw.bits32(), 0, draw.below(maxContext + 1)) }),
    *shrink({ memory }) {
      for (let size = 0; size < memory.length; size = size * 2 + 1) yield { memory: memory.slice(0, size) };
    },
  });
