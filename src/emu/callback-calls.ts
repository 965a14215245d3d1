/** The host's part of helpers that call functions of the program: whom they call next, and what they return. */
import { type CallbackPlan, callbackPlan } from '../core/callback.ts';
import type { Word } from '../core/execution.ts';
import type { ArgPlace } from '../core/image.ts';
import { clobberedReg } from '../core/junk.ts';
import type { U64 } from '../core/u64.ts';
import { RAX } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';
import type { NativeData } from './native-subject.ts';

interface OpenCall {
  readonly plan: CallbackPlan | undefined;
  /** Calls of the function so far. */
  called: number;
  result: U64;
}

export class CallbackCalls {
  readonly #data: readonly NativeData[];
  /** Innermost last: a function that is called back may call such a helper. */
  readonly #open: OpenCall[] = [];

  constructor(data: readonly NativeData[]) {
    this.#data = data;
  }

  /** A helper is called. */
  start(id: number, args: readonly Word[]): void {
    const plan = callbackPlan(id, args, this.#data);
    this.#open.push(
      typeof plan === 'bigint'
        ? { plan: undefined, called: 0, result: plan }
        : { plan, called: 0, result: 0n },
    );
  }

  /** Its code asks whom to call: sets registers for the next call, or rax to 0. In rax: what the last one returned. */
  next(regs: BigUint64Array, places: readonly ArgPlace[]): void {
    const returned = regs[RAX] ?? 0n;
    regs[RAX] = 0n;
    const call = this.#open.at(-1);
    if (call?.plan === undefined) return;
    const { plan, called } = call;
    call.result = BigInt(called);
    if (called === plan.count || (called > 0 && returned !== 0n)) return;
    call.called++;
    for (const gpr of CALLEE_SAVED) regs[gpr] = clobberedReg(gpr);
    plan.argsAt(called).forEach((word, i) => {
      const place = places[i];
      if (word !== undefined && place?.in === 'reg') regs[place.reg] = word;
    });
    regs[RAX] = plan.callee;
  }

  /** Its code is about to return; the result, undefined if none was called. */
  end(): U64 | undefined {
    return this.#open.pop()?.result;
  }
}
