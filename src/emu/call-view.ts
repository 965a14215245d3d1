/** What the call tracker sees of the guest at a call or a return: arguments, frames, who called from where. */
import type { CallEvent, CalleeRef, FrameRegs, StackBytes, Word } from '../core/execution.ts';
import type { ArgPlace } from '../core/image.ts';
import { type U64, u64 } from '../core/u64.ts';
import { RSP } from '../x86/reg.ts';
import { clobberArgs, clobberRegisters } from './clobber.ts';
import type { TrackedMemory } from './guest-memory.ts';
import type { ImageTables } from './image-tables.ts';
import type { OpenFrame, ShadowStack } from './shadow-stack.ts';

export interface CallViewParts {
  readonly tables: ImageTables;
  readonly memory: TrackedMemory;
  /** The registers, as they are where something is looked at. */
  readonly regs: BigUint64Array;
  readonly shadow: ShadowStack;
  /** Whether bytes of frames are shown. */
  readonly stackBytes: boolean;
}

export class CallView {
  readonly #tables: ImageTables;
  readonly #memory: TrackedMemory;
  readonly #regs: BigUint64Array;
  readonly #shadow: ShadowStack;
  readonly #stackBytes: boolean;

  constructor({ tables, memory, regs, shadow, stackBytes }: CallViewParts) {
    this.#tables = tables;
    this.#memory = memory;
    this.#regs = regs;
    this.#shadow = shadow;
    this.#stackBytes = stackBytes;
  }

  /** A call by the innermost frame, at the entry of its callee; the result is not known yet. */
  call(callee: CalleeRef, args: readonly Word[]): CallEvent {
    const pc = this.#tables.callPc(Number(this.returnAddress()));
    const [regs, stack] = [this.frameRegs(), this.callerStack()];
    return { kind: 'call', callee, pc, args, regs, stack, result: undefined };
  }

  args(places: readonly ArgPlace[], count: number): Word[] {
    return places.slice(0, count).map((place) => {
      if (place.in === 'reg') return this.#regs[place.reg];
      return this.#memory.read(this.#argAddress(place.index), 8);
    });
  }

  /** All that psABI lets a callee destroy: caller-saved registers, flags, the argument words of its call. */
  clobber(places: readonly ArgPlace[], count: number): void {
    clobberRegisters(this.#regs);
    clobberArgs(this.#memory, this.#regs[RSP] ?? 0n, places, count);
  }

  /** Word at [rsp] on entry; 0 where rsp points nowhere. */
  returnAddress(): U64 {
    return this.#memory.read(this.#regs[RSP] ?? 0n, 8) ?? 0n;
  }

  frameRegs(): FrameRegs {
    const [r6, r7, r8, r9, r10] = this.#tables.frameRegs;
    const regs = this.#regs;
    // A private frame pointer is in a register that calls may use: it shows where it is used.
    const fp = this.#tables.privateFp(this.#shadow.top?.subprog ?? 0);
    return [regs[r6], regs[r7], regs[r8], regs[r9], fp ?? regs[r10]];
  }

  callerStack(): StackBytes | null {
    const caller: OpenFrame | undefined = this.#shadow.top;
    if (caller === undefined) return null;
    const fp = this.#tables.privateFp(caller.subprog) ?? this.#regs[this.#tables.frameRegs[4]];
    return this.#bytesBelow(caller.subprog, fp ?? this.#fpOf(caller));
  }

  /** Of one that has returned. */
  stackOf(frame: OpenFrame): StackBytes | null {
    return this.#bytesBelow(frame.subprog, this.#fpOf(frame));
  }

  #argAddress(index: number): U64 {
    return (this.#regs[RSP] ?? 0n) + BigInt(8 * (1 + index));
  }

  #fpOf({ subprog, rsp }: OpenFrame): U64 {
    return this.#tables.privateFp(subprog) ?? rsp - BigInt(this.#tables.fpDepth(subprog));
  }

  #bytesBelow(subprog: number, fp: U64): StackBytes | null {
    const depth = this.#tables.stackDepth(subprog);
    if (!this.#stackBytes || depth === undefined) return null;
    const address = u64(fp - BigInt(depth));
    const bytes = this.#memory.copy(address, depth);
    return bytes === undefined ? null : { address, bytes };
  }
}
