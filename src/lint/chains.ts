/** Rules for chains of calls: their frames and their stack, and what else is on a chain with a tail call. */
import { type ConventionName, MAX_CALL_FRAMES, MAX_REG_ARGS, MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { CallInsn, Insn } from '../bpf/insn.ts';
import { argsOfCall, incomingSlots } from './calls.ts';
import { type Suspect, sitesOf } from './check.ts';
import type { Flow, FunctionFlow } from './flow.ts';
import { type CallEdge, type CallGraph, callGraphOf, callOrder, reachable } from './graph.ts';

export function* chainSuspects(flow: Flow, convention: ConventionName): Iterable<Suspect> {
  const graph = callGraphOf(flow);
  yield* depthSuspects(flow, graph);
  if (convention !== 'reply') yield* tailCallSuspects(flow, graph);
  yield* callbackSuspects(flow, graph);
  yield* exceptionSuspects(flow, graph);
}

/** The deepest chain to a function. */
interface Depth {
  frames: number;
  /** Bytes, its own among them, and the frames they lie in. */
  bytes: number;
  byteFrames: number;
}

/** Linux round_up_stack_depth(), for a program that is compiled. */
const stackBytes = ({ summary }: FunctionFlow): number =>
  16 * Math.ceil(Math.min(-summary.lowest, MAX_STACK_BYTES) / 16);

function* depthSuspects(flow: Flow, graph: CallGraph): Iterable<Suspect> {
  const { order, recursive } = callOrder(graph);
  const depths = new Map<number, Depth>();
  for (const root of [0, ...graph.later])
    depths.set(root, { frames: 1, bytes: stackBytes(flow[root] as FunctionFlow), byteFrames: 1 });
  for (const from of order) {
    const depth = depths.get(from) as Depth;
    for (const edge of graph.edges[from] ?? []) {
      // Recursion has no deepest chain.
      if (recursive.has(edge)) yield tooDeep(edge);
      else yield* deepen(depths, depth, edge, flow[edge.to] as FunctionFlow);
    }
  }
}

function* deepen(
  depths: Map<number, Depth>,
  from: Depth,
  edge: CallEdge,
  callee: FunctionFlow,
): Iterable<Suspect> {
  if (from.frames === MAX_CALL_FRAMES) yield tooDeep(edge);
  const bytes = from.bytes + stackBytes(callee);
  const byteFrames = from.byteFrames + 1;
  if (from.bytes <= MAX_STACK_BYTES && bytes > MAX_STACK_BYTES)
    yield { rule: 'stack-depth', pc: edge.pc, values: [byteFrames, bytes] };
  const known = depths.get(edge.to) ?? { frames: 0, bytes: -1, byteFrames: 0 };
  known.frames = Math.max(known.frames, from.frames + 1);
  if (bytes > known.bytes) Object.assign(known, { bytes, byteFrames });
  depths.set(edge.to, known);
}

const tooDeep = ({ pc }: CallEdge): Suspect => ({ rule: 'frame-depth', pc, values: [MAX_CALL_FRAMES + 1] });

/**
 * Linux 35b78733160c: nobody from main to the function that makes a tail call has stack arguments. The frame of the
 * convention `reply` has room for both.
 */
function* tailCallSuspects(flow: Flow, graph: CallGraph): Iterable<Suspect> {
  const called = reachable(graph, [0, ...graph.later]);
  const having = flow.flatMap((fn, index) => (called.has(index) && hasStackArgs(fn) ? [index] : []));
  for (const index of reachable(graph, having))
    for (const pc of graph.tailCalls[index] ?? []) yield { rule: 'tail-call', pc, values: [] };
}

/** Whether it gets some, or passes some. */
export function hasStackArgs(fn: FunctionFlow): boolean {
  if (incomingSlots(fn.subprog) > 0) return true;
  for (const { pc, insn } of sitesOf(fn)) if (passesStackArgs(fn, pc, insn)) return true;
  return false;
}

function passesStackArgs({ context }: FunctionFlow, pc: number, insn: Insn): insn is CallInsn {
  return insn.kind === 'call' && (argsOfCall(context.program, pc, insn) ?? 0) > MAX_REG_ARGS;
}

/** Linux b9ae0c9dd0ac: an exception callback is called by nobody, and takes the cookie alone. */
function* exceptionSuspects(flow: Flow, graph: CallGraph): Iterable<Suspect> {
  const index = flow[0]?.context.program.exceptionCallback;
  const callback = index === undefined ? undefined : flow[index]?.subprog;
  if (callback === undefined) return;
  for (const { to, pc } of graph.edges.flat())
    if (to === index) yield { rule: 'exception-call', pc, values: [pc] };
  if (callback.args !== 1) yield { rule: 'exception-args', pc: callback.start, values: [] };
}

function* callbackSuspects(flow: Flow, graph: CallGraph): Iterable<Suspect> {
  const callbacks = flow.flatMap(({ summary }, index) => (summary.isCallback ? [index] : []));
  for (const index of reachable(graph, callbacks)) {
    for (const pc of graph.tailCalls[index] ?? []) yield { rule: 'callback-tail-call', pc, values: [] };
    for (const pc of graph.throws[index] ?? []) yield { rule: 'callback-throw', pc, values: [pc, index] };
  }
}
