/**
 * What an exception callback must have given back when its first instruction runs: the callee-saved registers as they
 * were when main was entered. No BPF register shows it, and whoever called main finds out too late to say why.
 */
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import type { U64 } from '../core/u64.ts';
import { R12, RBP } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';
import type { StepDifference } from './step-differences.ts';

export class GivenBack {
  readonly #image: Image;
  readonly #callback: Program['subprogs'][number] | undefined;
  #entry: readonly { readonly gpr: number; readonly want: U64 }[] = [];

  constructor(program: Program, image: Image) {
    this.#image = image;
    this.#callback = program.subprogs[program.exceptionCallback ?? -1];
  }

  /** Before each native instruction: keeps what main is entered with. */
  see(native: NativeStep): void {
    if (this.#callback === undefined || native.offset !== this.#image.subprogEntries[0]) return;
    // rbp is the callback's own, and so is r12 where it is the base of an arena.
    const own = this.#image.frames?.[this.#callback.index]?.saved.includes(R12) ? [RBP, R12] : [RBP];
    const kept = CALLEE_SAVED.filter((gpr) => !own.includes(gpr));
    this.#entry = kept.map((gpr) => ({ gpr, want: native.gpr(gpr) }));
  }

  /** Registers that differ, at the callback's first instruction alone. */
  differences({ pc }: ReferenceStep, native: NativeStep): StepDifference[] {
    if (pc !== this.#callback?.start) return [];
    return this.#entry
      .map(({ gpr, want }) => ({ what: { kind: 'given-back', gpr } as const, want, got: native.gpr(gpr) }))
      .filter(({ want, got }) => want !== got);
  }
}
