/**
 * What the reference's models gave: the default model is a function of callee and arguments alone, so where these
 * are the same, so is the result, and need not be computed again.
 */
import type { Env } from '../core/env.ts';
import { type CallEvent, type CalleeRef, isModelled, type Trace, type Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';

export class Answers {
  /** Calls of helpers and kfuncs, in order. */
  readonly calls: readonly CallEvent[];
  #next = 0;
  #missed = false;

  constructor(expected: Trace | undefined, env: Env) {
    // Models of the user's may look at memory.
    const events = expected === undefined || env.models.size > 0 ? [] : expected.events;
    this.calls = events.filter((event): event is CallEvent => event.kind === 'call' && isModelled(event));
  }

  /** Whether a call was another one than the reference's. */
  get missed(): boolean {
    return this.#missed;
  }

  /** The result of the next call, if it is the reference's. */
  next({ kind, id }: CalleeRef, args: readonly Word[]): U64 | undefined {
    const call = this.calls[this.#next++];
    if (
      call !== undefined &&
      call.callee.kind === kind &&
      call.callee.id === id &&
      sameWords(call.args, args)
    )
      return call.result;
    this.#missed = true;
    return undefined;
  }
}

function sameWords(a: readonly Word[], b: readonly Word[]): boolean {
  for (let i = Math.max(a.length, b.length) - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}
