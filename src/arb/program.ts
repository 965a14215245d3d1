/** Whole programs: call graphs of functions, kfuncs and helpers with 0 to 12 arguments, and their bodies. */
import type { Arbitrary } from 'fast-check';
import { type CallGraph, drawGraph, type GraphConstraints } from './call-graph.ts';
import type { CallTarget } from './call-site.ts';
import { type Draw, drawn } from './draw.ts';
import { drawFunction } from './function-spec.ts';
import { type Generated, lower } from './lower.ts';
import { drawMemory, type MemoryConstraints } from './memory.ts';
import { shrinkProgram } from './shrink.ts';
import type { FunctionSpec, ProgramSpec } from './spec.ts';

/** Constraints to be applied on {@link programSpec} and {@link bpfProgram}. */
export interface ProgramConstraints extends GraphConstraints, MemoryConstraints {
  /** Statements of a function's body, not counting nested ones and its calls. @defaultValue 3 */
  readonly maxStatements?: number;
}

/** @internal */
export function drawSpec(draw: Draw, constraints: ProgramConstraints): ProgramSpec {
  const { maxStatements = 3 } = constraints;
  const graph = drawGraph(draw, constraints);
  const natives = graph.natives.map(
    ({ args }, index): CallTarget => ({ callee: { kind: 'native', index }, args }),
  );
  const functions = new Array<FunctionSpec>(graph.functions.length);
  for (let index = 0; index < graph.functions.length; index++) {
    const { args, calls } = graph.functions[index] as CallGraph['functions'][number];
    const targets = targetsOf(graph, index, natives);
    const behind = targets.length - natives.length;
    const sites = calls.map((callee) => targets[(callee.kind === 'bpf' ? 0 : behind) + callee.index]);
    functions[index] = drawFunction(draw, {
      index,
      args,
      calls: sites as CallTarget[],
      targets,
      maxStatements,
    });
  }
  const { ctx, data, rodata, seed } = drawMemory(draw, constraints);
  return { functions, natives: graph.natives, ctx, data, rodata, seed };
}

/** Everybody a function may call: functions, the nearest first, then natives. */
function targetsOf({ functions }: CallGraph, caller: number, natives: readonly CallTarget[]): CallTarget[] {
  const behind = functions.length - caller - 1;
  const targets = new Array<CallTarget>(behind + natives.length);
  for (let k = 0; k < behind; k++)
    targets[k] = { callee: { kind: 'bpf', index: k }, args: functions[caller + 1 + k]?.args ?? 0 };
  for (let k = 0; k < natives.length; k++) targets[behind + k] = natives[k] as CallTarget;
  return targets;
}

/**
 * Specs of programs. At most 8 functions, so that no chain of calls has more than 8 frames. Shrinks towards a
 * lone main that does nothing.
 */
export const programSpec = (constraints: ProgramConstraints = {}): Arbitrary<ProgramSpec> =>
  drawn({ draw: (draw) => drawSpec(draw, constraints), shrink: shrinkProgram });

/** Programs with their input: {@link programSpec}, lowered. */
export const bpfProgram = (constraints: ProgramConstraints = {}): Arbitrary<Generated> =>
  drawn({
    draw: (draw) => lower(drawSpec(draw, constraints)),
    *shrink({ spec }) {
      for (const simpler of shrinkProgram(spec)) yield lower(simpler);
    },
  });
