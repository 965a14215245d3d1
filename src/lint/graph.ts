/** Who calls whom, of what is reached. */
import { addressedSubprog, calledNative, calledSubprog, isTailCall, THROW } from './calls.ts';
import { sitesOf } from './check.ts';
import type { Flow } from './flow.ts';

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
  /** Slots of tail calls, by function. */
  readonly tailCalls: readonly (readonly number[])[];
  /** Slots of calls of bpf_throw, by function. */
  readonly throws: readonly (readonly number[])[];
}

export function callGraphOf(flow: Flow): CallGraph {
  const edges: CallEdge[][] = flow.map(() => []);
  const tailCalls: number[][] = flow.map(() => []);
  const throws: number[][] = flow.map(() => []);
  flow.forEach((fn, from) => {
    const { program } = fn.context;
    for (const { pc, insn } of sitesOf(fn)) {
      if (insn.kind !== 'call' && insn.kind !== 'lddw') continue;
      const callee = calledSubprog(program, pc, insn) ?? addressedSubprog(program, pc, insn);
      if (callee !== undefined) edges[from]?.push({ from, to: callee.index, pc });
      if (isTailCall(insn)) tailCalls[from]?.push(pc);
      if (calledNative(program, insn)?.name === THROW) throws[from]?.push(pc);
    }
  });
  return { edges, tailCalls, throws };
}

/** Functions that calls lead to from `roots`, themselves among them. */
export function reachable({ edges }: Pick<CallGraph, 'edges'>, roots: Iterable<number>): Set<number> {
  const seen = new Set(roots);
  for (const index of seen) for (const { to } of edges[index] ?? []) seen.add(to);
  return seen;
}

/**
 * Functions from main on, callers before callees, with the edges that lead back to a function that is still
 * being called: recursion.
 */
export function callOrder({ edges }: Pick<CallGraph, 'edges'>): {
  readonly order: readonly number[];
  readonly recursive: ReadonlySet<CallEdge>;
} {
  const OPEN = 1;
  const DONE = 2;
  const marks = new Uint8Array(edges.length);
  const recursive = new Set<CallEdge>();
  const order: number[] = [];
  const path = [{ index: 0, next: 0 }];
  marks[0] = OPEN;
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
  return { order: order.reverse(), recursive };
}
