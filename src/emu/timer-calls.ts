/** The host's part of timers: what their helpers return, and the registers that what they call is entered with. */
import type { Word } from '../core/execution.ts';
import type { ArgPlace } from '../core/image.ts';
import { clobberedReg } from '../core/junk.ts';
import { Timers } from '../core/timer.ts';
import type { U64 } from '../core/u64.ts';
import { R11 } from '../x86/reg.ts';
import { GPR_COUNT } from './engine.ts';
import type { NativeData } from './native-subject.ts';

export class TimerCalls {
  readonly #data: readonly NativeData[];
  /** Made for the first one. */
  #timers: Timers | undefined;

  constructor(data: readonly NativeData[]) {
    this.#data = data;
  }

  /** The result of a helper. */
  call(id: number, args: readonly Word[]): U64 {
    this.#timers ??= new Timers(this.#data);
    return this.#timers.call(id, args);
  }

  /** Address of what runs next, in r11 too, where callback-stub.ts looks for it: from C, with registers of its caller's own. */
  next(regs: BigUint64Array, places: readonly ArgPlace[]): U64 | undefined {
    const expiry = this.#timers?.next();
    if (expiry === undefined) return undefined;
    for (let gpr = 0; gpr < GPR_COUNT; gpr++) regs[gpr] = clobberedReg(gpr);
    expiry.args.forEach((word, i) => {
      const place = places[i];
      if (place?.in === 'reg') regs[place.reg] = word;
    });
    regs[R11] = expiry.callee;
    return expiry.callee;
  }
}
