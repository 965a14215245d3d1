/** Call graphs: functions with their numbers of arguments, and who calls whom how often. */
import type { Arbitrary } from 'fast-check';
import { MAX_CALL_FRAMES } from '../bpf/calling.ts';
import { type Draw, drawn } from './draw.ts';
import { drawArity, drawNative, shrinkNative } from './func-proto.ts';
import type { CalleeChoice, NativeSpec } from './spec.ts';

/** A function of a graph. */
export interface GraphFunction {
  /** Arguments, 0..12; main has 2. */
  readonly args: number;
  /** Its call sites, in order. */
  readonly calls: readonly CalleeChoice[];
}

/** Shape of a program. */
export interface CallGraph {
  /** [0] is main; a function calls only those behind it, so there are no cycles. */
  readonly functions: readonly GraphFunction[];
  /** Helpers and kfuncs, at least one. */
  readonly natives: readonly NativeSpec[];
}

/** Constraints to be applied on {@link callGraph}. */
export interface GraphConstraints {
  /** Functions, main included; 8 are as many as there may be frames. @defaultValue 8 */
  readonly maxFunctions?: number;
  /** Helpers and kfuncs. @defaultValue 4 */
  readonly maxNatives?: number;
}

const MAIN_ARGS = 2;

interface Building {
  readonly args: number;
  readonly calls: CalleeChoice[];
}

/** @internal */
export function drawGraph(
  draw: Draw,
  { maxFunctions = MAX_CALL_FRAMES, maxNatives = 4 }: GraphConstraints = {},
): CallGraph {
  const count = Math.min(drawCount(draw), maxFunctions);
  const functions = new Array<Building>(count);
  for (let k = 0; k < count; k++) functions[k] = { args: k === 0 ? MAIN_ARGS : drawArity(draw), calls: [] };
  const natives = new Array<NativeSpec>(draw.between(1, maxNatives));
  for (let k = 0; k < natives.length; k++) natives[k] = drawNative(draw);
  connect(draw, functions);
  addSites(draw, functions, natives.length);
  return { functions, natives };
}

/** Small graphs are common; the largest is as likely as those next to it together. */
function drawCount(draw: Draw): number {
  const dice = draw.below(100);
  if (dice < 80) return draw.between(1, 2);
  return dice < 98 ? draw.between(3, 4) : MAX_CALL_FRAMES;
}

/** Every function is called: in a chain, so that all frames are used, or by anyone before it. */
function connect(draw: Draw, functions: readonly Building[]): void {
  const chain = draw.chance(40);
  for (let callee = 1; callee < functions.length; callee++) {
    const caller = chain ? callee - 1 : draw.below(callee);
    functions[caller]?.calls.push({ kind: 'bpf', index: callee - caller - 1 });
  }
}

/** Further calls: of functions that are called elsewhere too, of helpers and of kfuncs. */
function addSites(draw: Draw, functions: readonly Building[], natives: number): void {
  for (let caller = 0; caller < functions.length; caller++) {
    const { calls } = functions[caller] as Building;
    const behind = functions.length - 1 - caller;
    if (behind > 0 && draw.chance(20)) calls.push({ kind: 'bpf', index: draw.below(behind) });
    for (let k = draw.between(caller === 0 ? 1 : 0, caller === 0 ? 3 : 1); k > 0; k--) {
      const at = draw.below(calls.length + 1);
      const call: CalleeChoice = { kind: 'native', index: draw.below(natives) };
      for (let j = calls.push(call) - 1; j > at; j--) calls[j] = calls[j - 1] as CalleeChoice;
      calls[at] = call;
    }
  }
}

function* shrinkGraph(graph: CallGraph): Iterable<CallGraph> {
  const { functions, natives } = graph;
  for (let length = 1; length < functions.length; length++)
    yield withoutDangling({ ...graph, functions: functions.slice(0, length) });
  for (let k = 0; k < functions.length; k++) {
    for (const simpler of shrinkFunction(functions[k] as GraphFunction, k))
      yield { ...graph, functions: functions.with(k, simpler) };
  }
  if (natives.length > 1) yield withoutDangling({ ...graph, natives: natives.slice(0, -1) });
  for (let k = 0; k < natives.length; k++) {
    for (const simpler of shrinkNative(natives[k] as NativeSpec))
      yield { ...graph, natives: natives.with(k, simpler) };
  }
}

/** Without the calls of those that are not there. */
function withoutDangling({ functions, natives }: CallGraph): CallGraph {
  const kept = functions.map(({ args, calls }, caller) => {
    const behind = functions.length - 1 - caller;
    const isThere = ({ kind, index }: CalleeChoice) => index < (kind === 'bpf' ? behind : natives.length);
    return { args, calls: calls.filter(isThere) };
  });
  return { functions: kept, natives };
}

function* shrinkFunction(fn: GraphFunction, index: number): Iterable<GraphFunction> {
  const { args, calls } = fn;
  if (calls.length > 1) yield { ...fn, calls: [] };
  for (let k = 0; k < calls.length; k++) yield { ...fn, calls: calls.toSpliced(k, 1) };
  if (index > 0 && args > 0) yield { ...fn, args: 0 };
  if (index > 0 && args > 1) yield { ...fn, args: args - 1 };
}

/**
 * Call graphs of at most 8 functions, each of which somebody calls; functions take 0 to 12 arguments. Shrinks,
 * calls first, towards a lone main that calls nobody, and one native without arguments.
 */
export const callGraph = (constraints: GraphConstraints = {}): Arbitrary<CallGraph> =>
  drawn({ draw: (draw) => drawGraph(draw, constraints), shrink: shrinkGraph });
