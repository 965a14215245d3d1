/**
 * One function of a spec to instructions. Whatever the statements say, the result keeps the bytecode contract:
 * no register or stack byte is read before it is written, stack arguments are loaded before anything may
 * destroy them and all stored before each call, loops end, accesses stay inside their regions. What a statement
 * lacks is supplied where it is used: an undefined register gets a distinct constant.
 */
import type { Insn } from '../../bpf/insn.ts';
import type { FunctionSpec } from '../spec.ts';
import { lowerBody, lowerExit } from './body.ts';
import { FunctionBuilder, type MadeCall, type Surroundings } from './builder.ts';
import { lowerHead } from './head.ts';

export interface LoweredFunction {
  readonly insns: (Insn | undefined)[];
  readonly calls: readonly MadeCall[];
  /** Instructions it runs at the most, its callees' included. */
  readonly cost: number;
  /** Bytes of stack it uses, and those it calls at the most. */
  readonly stack: number;
  readonly depth: number;
  /** Stack arguments it passes at the most. */
  readonly outgoing: number;
}

export function lowerFunction(spec: FunctionSpec, around: Surroundings): LoweredFunction {
  const { counters } = around;
  const stack = Math.min(spec.stack, around.room - counters);
  const builder = new FunctionBuilder(spec, around, stack);
  lowerHead(builder);
  lowerBody(builder, spec.body);
  if (!builder.dead) lowerExit(builder, spec.mix);
  const { insns, calls, cost, depth, outgoing } = builder;
  return { insns, calls, cost, stack: 8 * Math.ceil(stack / 8) + counters, depth, outgoing };
}
