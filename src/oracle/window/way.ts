/** The way the reference went, step by step, and where on it the traces of the sides part. */
import type { Program } from '../../bpf/program.ts';
import type { Execution } from '../../core/execution.ts';
import type { ReferenceStep } from '../../core/step.ts';
import { firstDifferentEvent } from '../compare-trace.ts';

export interface Way {
  /** Slot of each instruction, in the order they ran. */
  readonly pcs: readonly number[];
  /** Steps that made the events of the trace: calls and exits. */
  readonly events: readonly number[];
  /** The run. */
  readonly execution: Execution;
}

/** Walks to the end of the run. */
export function walk(program: Program, steps: Iterator<ReferenceStep, Execution, void>): Way {
  const pcs: number[] = [];
  const events: number[] = [];
  let depth = 0;
  for (;;) {
    const { value, done } = steps.next();
    if (done === true) return { pcs, events, execution: value };
    if (isCallback(program, pcs.at(-1), depth, value)) events.push(pcs.length - 1);
    const kind = program.insns[value.pc]?.kind;
    if (kind === 'call' || kind === 'exit') events.push(pcs.length);
    pcs.push(value.pc);
    depth = value.depth;
  }
}

/** Whether a helper has called the function that a step begins: a second event of the call, or of the exit before. */
function isCallback(
  { insns, callbacks }: Program,
  last: number | undefined,
  depth: number,
  { depth: now }: ReferenceStep,
): boolean {
  const insn = last === undefined ? undefined : insns[last];
  if (callbacks === undefined || insn === undefined) return false;
  if (insn.kind === 'exit') return now === depth;
  return insn.kind === 'call' && insn.target !== 'local' && now > depth;
}

/** Between which steps the sides parted, as far as calls and returns tell. */
export interface Bounds {
  /** The last call or return on which the sides agree; -1: none. */
  readonly after: number;
  /** The first one on which they do not, or the last step of the run. */
  readonly until: number;
  /** Whether `until` is a call, or a return to a caller. */
  readonly isCall: boolean;
}

export function boundsOf(
  { pcs, events }: Way,
  sides: { readonly want: Execution; readonly got: Execution },
): Bounds {
  const at = firstDifference(sides);
  const differing = events[at] ?? Number.POSITIVE_INFINITY;
  const agreed = events.slice(0, Math.min(at, sides.want.trace.events.length));
  const until = Math.min(differing, Math.max(pcs.length - 1, 0));
  const after = agreed.findLast((step) => step < until) ?? -1;
  return { after, until, isCall: until === differing && at < events.length - 1 };
}

/** Index of the first event that differs, that does not come, or at which native code broke a promise. */
function firstDifference({ want, got }: { readonly want: Execution; readonly got: Execution }): number {
  const differs = firstDifferentEvent(want.trace, got.trace);
  return got.breaches.reduce((first, { at }) => Math.min(first, at), differs);
}
