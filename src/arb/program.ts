/** Whole programs: call graphs of functions, kfuncs and helpers with 0 to 12 arguments, and their bodies. */
import type { Arbitrary } from 'fast-check';
import { type CallGraph, drawGraph, type GraphConstraints } from './call-graph.ts';
import type { CallTarget } from './call-site.ts';
import { type Draw, drawn } from './draw.ts';
import { drawFunction } from './function-spec.ts';
import { type Generated, lower } from './lower.ts';
import { drawMemory, type MemoryConstraints } from './memory.ts';
import { shrinkProgram } from './shrink.ts';
import type { CalleeChoice, FunctionSpec, ProgramSpec } from './spec.ts';

/** Constraints to be applied on {@link programSpec} and {@link bpfProgram}. */
export interface ProgramConstraints extends GraphConstraints, MemoryConstraints {
  /** Statements of a function's body, not counting nested ones and its calls. @defaultValue 3 */
  readonly maxStatements?: number;
}

/** @internal */
export function drawSpec(draw: Draw, constraints: ProgramConstraints): ProgramSpec {
  const { maxStatements = 3 } = constraints;
  const graph = drawGraph(draw, constraints);
  const functions: FunctionSpec[] = [];
  for (let index = 0; index < graph.functions.length; index++) {
    const { args, calls } = graph.functions[index] as CallGraph['functions'][number];
    const targets = targetsOf(graph, index);
    const sites = calls.map((callee) => targetOf(graph, index, callee));
    functions.push(drawFunction(draw, { index, args, calls: sites, targets, maxStatements }));
  }
  return { functions, natives: graph.natives, ...drawMemory(draw, constraints) };
}

/** Everybody a function may call. */
function targetsOf({ functions, natives }: CallGraph, caller: number): CallTarget[] {
  const targets: CallTarget[] = [];
  for (let k = caller + 1; k < functions.length; k++)
    targets.push({ callee: { kind: 'bpf', index: k - caller - 1 }, args: functions[k]?.args ?? 0 });
  natives.forEach(({ args }, index) => {
    targets.push({ callee: { kind: 'native', index }, args });
  });
  return targets;
}

function targetOf({ functions, natives }: CallGraph, caller: number, callee: CalleeChoice): CallTarget {
  const taker = callee.kind === 'bpf' ? functions[caller + 1 + callee.index] : natives[callee.index];
  return { callee, args: taker?.args ?? 0 };
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
