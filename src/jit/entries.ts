/** The instructions of a subprog as the JIT sees them, column by column: no object for each. */
import type { Insn, Slots } from '../bpf/insn.ts';
import { INSN_SHIFT } from '../bpf/traits.ts';
import { traitsOf } from '../bpf/uniform.ts';
import { indexFrom } from './marks.ts';

/** The rewrites that happen before the JIT (rewrite.ts, blinding.ts). */
export const REWRITE_PASSES = [
  'div-by-zero',
  'div-minus-one',
  'cmpxchg32-zext',
  'may_goto',
  'blinding',
] as const;
export type RewritePass = (typeof REWRITE_PASSES)[number];

/** One instruction as the JIT sees it. */
export interface Entry {
  readonly insn: Insn;
  /** Slot of the instruction it stems from. */
  readonly pc: number;
  /** The rewrite that made it; undefined for untouched instructions. */
  readonly pass: RewritePass | undefined;
  /** Index of the entry it jumps to, or -1. */
  readonly target: number;
}

const LEAST = 1024;
const NO_SLOTS: Slots = [];
const AS_IN_SLOT = 0;
/** Put there instead, by no rewrite. */
const REPLACED = 255;

/** Those of one subprog. It may be kept for the next one: its columns grow to the largest. */
export class Entries {
  /** How many there are; what columns hold behind them is left over. */
  count = 0;
  /** So many at the start set up the may_goto counter: jumps to the first slot go past them, so they count as prologue. */
  setup = 0;
  /** Whether some are not what is in their slots. */
  areRewritten = false;
  /** Of all instructions that are or were among them (bpf/traits.ts). */
  traits = 0;
  pcs = new Int32Array(LEAST);
  targets = new Int32Array(LEAST);
  /** AS_IN_SLOT, 1 and on: REWRITE_PASSES, or REPLACED. */
  #origins = new Uint8Array(LEAST);
  /** Instructions of those that are not as in their slots: to note the others too would cost more than to look there. */
  readonly #made: Insn[] = [];
  #slots: Slots = NO_SLOTS;

  /** Empties it, for instructions of these slots. */
  reset(slots = this.#slots): void {
    if (this.areRewritten) for (let i = 0; i < this.count; i++) this.#origins[i] = AS_IN_SLOT;
    this.#slots = slots;
    this.count = 0;
    this.setup = 0;
    this.traits = 0;
    this.areRewritten = false;
  }

  /** The instruction of a slot, as it is there, by its traits. */
  add(traits: number, pc: number, target: number): void {
    this.traits |= traits;
    const i = this.count++;
    if (i === this.pcs.length) this.#grow();
    this.pcs[i] = pc;
    this.targets[i] = target;
  }

  /** Those of slots [start, end), none of which jumps, by the traits of all slots. */
  addSlots(traits: Int32Array, start: number, end: number): void {
    while (this.count + end - start >= this.pcs.length) this.#grow();
    const { pcs, targets } = this;
    let i = this.count;
    let all = 0;
    for (let pc = start; pc < end; pc++) {
      const bits = traits[pc] as number;
      all |= bits;
      // Of the second half of a wide one, what comes next overwrites it: no processor could predict a branch here.
      pcs[i] = pc;
      targets[i] = -1;
      i += bits >> INSN_SHIFT;
    }
    this.count = i;
    this.traits |= all;
  }

  /** Another one. `pass`: the rewrite that made it, if one did. */
  addMade(insn: Insn, pc: number, target: number, pass?: RewritePass): void {
    this.add(traitsOf(insn), pc, target);
    this.#make(this.count - 1, insn, pass === undefined ? REPLACED : 1 + REWRITE_PASSES.indexOf(pass));
  }

  /** Index of the first one of a slot, or of one behind it; what sets up the counter is of none. */
  firstOf(slot: number): number {
    return indexFrom(this.pcs, slot, this.setup, this.count);
  }

  insnAt(i: number): Insn {
    const insn = this.#origins[i] === AS_IN_SLOT ? this.#slots[this.pcs[i] as number] : this.#made[i];
    return insn as Insn;
  }

  /** Puts another instruction into the place of one. */
  replace(i: number, insn: Insn): void {
    const origin = this.#origins[i] as number;
    this.traits |= traitsOf(insn);
    this.#make(i, insn, origin === AS_IN_SLOT ? REPLACED : origin);
  }

  passOf(i: number): RewritePass | undefined {
    const origin = this.#origins[i] as number;
    return origin === AS_IN_SLOT || origin === REPLACED ? undefined : REWRITE_PASSES[origin - 1];
  }

  at(i: number): Entry {
    const [pc, target] = [this.pcs[i], this.targets[i]] as [number, number];
    return { insn: this.insnAt(i), pc, pass: this.passOf(i), target };
  }

  #make(i: number, insn: Insn, origin: number): void {
    this.#origins[i] = origin;
    this.#made[i] = insn;
    this.areRewritten = true;
  }

  list(): Entry[] {
    return Array.from({ length: this.count }, (_, i) => this.at(i));
  }

  #grow(): void {
    const length = 2 * this.pcs.length;
    this.pcs = grown(this.pcs, new Int32Array(length));
    this.targets = grown(this.targets, new Int32Array(length));
    this.#origins = grown(this.#origins, new Uint8Array(length));
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
