/** Who calls whom, of what is reached. */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import { THROW } from '../bpf/exceptions.ts';
import { argRegs } from '../bpf/registers.ts';
import { addressedSubprog, calledNative, calledSubprog, callsLater, isTailCall } from './calls.ts';
import { sitesOf } from './check.ts';
import type { Flow } from './flow.ts';
import { FUNCTION, functionOf, may } from './value.ts';

/** A call of a function, or its address taken for somebody else to call. */
export interface CallEdge {
  readonly from: number;
  readonly to: number;
  /** Slot of the call. */
  readonly pc: number;
}

export interface CallGraph {
  /** By caller. */
  readonly edges: readonly (readonly CallEdge[])[];
  /** Functions that are called later, out of no function of the program. */
  readonly later: ReadonlySet<number>;
  /** Slots of tail calls, by function. */
  readonly tailCalls: readonly (readonly number[])[];
  /** Slots of calls of bpf_throw, by function. */
  readonly throws: readonly (readonly number[])[];
}

export function callGraphOf(flow: Flow): CallGraph {
  const edges: CallEdge[][] = flow.map(() => []);
  const tailCalls: number[][] = flow.map(() => []);
  const throws: number[][] = flow.map(() => []);
  const later = calledLater(flow);
  flow.forEach((fn, from) => {
    const { program } = fn.context;
    for (const { pc, insn } of sitesOf(fn)) {
      if (insn.kind !== 'call' && insn.kind !== 'lddw') continue;
      const called = calledSubprog(program, pc, insn)?.index;
      const callback = addressedSubprog(program, pc, insn)?.index;
      const to = called ?? (callback === undefined || later.has(callback) ? undefined : callback);
      if (to !== undefined) edges[from]?.push({ from, to, pc });
      if (isTailCall(insn)) tailCalls[from]?.push(pc);
      if (calledNative(program, insn)?.name === THROW) throws[from]?.push(pc);
    }
  });
  return { edges, later, tailCalls, throws };
}

/** Functions that are passed to be called later and never to be called at once. Linux: is_async_cb. */
function calledLater(flow: Flow): Set<number> {
  const later = new Set<number>();
  const atOnce = new Set<number>();
  for (const fn of flow) {
    for (const { insn, state } of sitesOf(fn)) {
      if (insn.kind !== 'call' || insn.target === 'local') continue;
      const group = callsLater(fn.context.program, insn) ? later : atOnce;
      for (const reg of argRegs(MAX_REG_ARGS))
        if (may(state.value(reg), FUNCTION)) group.add(functionOf(state.value(reg)));
    }
  }
  for (const index of atOnce) later.delete(index);
  return later;
}

/** Functions that calls lead to from `roots`, themselves among them. */
export function reachable({ edges }: Pick<CallGraph, 'edges'>, roots: Iterable<number>): Set<number> {
  const seen = new Set(roots);
  for (const index of seen) for (const { to } of edges[index] ?? []) seen.add(to);
  return seen;
}

/**
 * Functions from main and from those called later on, callers before callees, with the edges that lead back to a function that is still
 * being called: recursion.
 */
export function callOrder({ edges, later }: Pick<CallGraph, 'edges' | 'later'>): {
  readonly order: readonly number[];
  readonly recursive: ReadonlySet<CallEdge>;
} {
  const OPEN = 1;
  const DONE = 2;
  const marks = new Uint8Array(edges.length);
  const recursive = new Set<CallEdge>();
  const order: number[] = [];
  for (const root of [0, ...later]) if (marks[root] !== DONE) visit(root);
  return { order: order.reverse(), recursive };

  function visit(root: number): void {
    const path = [{ index: root, next: 0 }];
    marks[root] = OPEN;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = edges[top.index]?.[top.next++];
      if (edge === undefined) {
        path.pop();
        marks[top.index] = DONE;
        order.push(top.index);
      } else if (marks[edge.to] === OPEN) recursive.add(edge);
      else if (marks[edge.to] !== DONE) {
        marks[edge.to] = OPEN;
        path.push({ index: edge.to, next: 0 });
      }
    }
  }
}
