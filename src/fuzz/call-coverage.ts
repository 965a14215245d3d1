/**
 * Which calls were made: number of arguments, kind of callee, and whether the caller itself receives stack
 * arguments and passes any. Counted in the reference's trace, so each one ran.
 */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';
import type { CalleeRef, Trace } from '../core/execution.ts';

export const CALLEE_KINDS = ['bpf', 'kfunc', 'helper'] as const;
export type CalleeKind = (typeof CALLEE_KINDS)[number];

/** What the calling function does with stack arguments, in the order of the bits: 1 receives, 2 passes. */
export const CALLER_CLASSES = ['neither', 'receives', 'passes', 'both'] as const;
export type CallerClass = (typeof CALLER_CLASSES)[number];

const ARITIES = MAX_ARGS + 1;
const CELLS = CALLEE_KINDS.length * ARITIES * CALLER_CLASSES.length;
const PASSES = 2;

const cellOf = (kind: number, args: number, caller: number): number =>
  (kind * ARITIES + args) * CALLER_CLASSES.length + caller;

/** Whether such a call can be: helpers take up to 5 arguments; who passes a 6th passes stack arguments. */
export function isPossibleCall(kind: CalleeKind, args: number, caller: CallerClass): boolean {
  if (args <= MAX_REG_ARGS) return true;
  return kind !== 'helper' && (caller === 'passes' || caller === 'both');
}

export class CallCoverage {
  readonly #counts = new Float64Array(CELLS);

  /** Counts the calls of a run. */
  add(program: Program, { events }: Trace): void {
    const callers: number[] = [0];
    for (const event of events) {
      if (event.kind === 'return') callers.pop();
      else {
        const { callee } = event;
        this.#count(program, callee, callers.at(-1) ?? 0);
        if (callee.kind === 'bpf') callers.push(callee.id);
      }
    }
  }

  #count(program: Program, callee: CalleeRef, callerIndex: number): void {
    const caller = program.subprogs[callerIndex];
    const receives = (caller?.args ?? 0) > MAX_REG_ARGS ? 1 : 0;
    const passes = (caller?.outgoing ?? 0) > 0 ? PASSES : 0;
    const args =
      callee.kind === 'bpf'
        ? program.subprogs[callee.id]?.args
        : program.callees.get(calleeKey(callee))?.args;
    const cell = cellOf(CALLEE_KINDS.indexOf(callee.kind), args ?? MAX_REG_ARGS, receives | passes);
    this.#counts[cell] = (this.#counts[cell] as number) + 1;
  }

  /** Adds what `counts` of another gave. */
  merge(counts: Float64Array): void {
    counts.forEach((count, i) => {
      this.#counts[i] = (this.#counts[i] as number) + count;
    });
  }

  counts(): Float64Array {
    return this.#counts;
  }

  /** Calls of a kind with so many arguments, by all callers or those of one class. */
  of(kind: CalleeKind, args: number, caller?: CallerClass): number {
    const index = CALLEE_KINDS.indexOf(kind);
    const classes = caller === undefined ? CALLER_CLASSES.keys() : [CALLER_CLASSES.indexOf(caller)];
    let total = 0;
    for (const which of classes) total += this.#counts[cellOf(index, args, which)] as number;
    return total;
  }
}
