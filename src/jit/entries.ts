/** The instructions of a subprog as the JIT sees them, column by column: no object for each. */
import type { Insn } from '../bpf/insn.ts';

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
const UNTOUCHED = 0;

/** Those of one subprog. It may be kept for the next one: its columns grow to the largest. */
export class Entries {
  /** How many there are; what columns hold behind them is left over. */
  count = 0;
  /** So many at the start set up the may_goto counter: jumps to the first slot go past them, so they count as prologue. */
  setup = 0;
  /** Whether some rewrite made any. */
  areRewritten = false;
  readonly insns: Insn[] = [];
  pcs = new Int32Array(LEAST);
  targets = new Int32Array(LEAST);
  /** UNTOUCHED, or 1 and on: REWRITE_PASSES. */
  #passes = new Uint8Array(LEAST);

  reset(): void {
    if (this.areRewritten) this.#passes.fill(UNTOUCHED, 0, this.count);
    this.count = 0;
    this.setup = 0;
    this.areRewritten = false;
  }

  /** An instruction as it was. */
  add(insn: Insn, pc: number, target: number): void {
    const i = this.count++;
    if (i === this.pcs.length) this.#grow();
    this.insns[i] = insn;
    this.pcs[i] = pc;
    this.targets[i] = target;
  }

  /** One that a rewrite made. */
  addMade(insn: Insn, pc: number, target: number, pass: RewritePass): void {
    this.add(insn, pc, target);
    this.#passes[this.count - 1] = 1 + REWRITE_PASSES.indexOf(pass);
    this.areRewritten = true;
  }

  passOf(i: number): RewritePass | undefined {
    const pass = this.#passes[i] as number;
    return pass === UNTOUCHED ? undefined : REWRITE_PASSES[pass - 1];
  }

  at(i: number): Entry {
    const [insn, pc, target] = [this.insns[i], this.pcs[i], this.targets[i]] as [Insn, number, number];
    return { insn, pc, pass: this.passOf(i), target };
  }

  list(): Entry[] {
    return Array.from({ length: this.count }, (_, i) => this.at(i));
  }

  #grow(): void {
    const length = 2 * this.pcs.length;
    this.pcs = grown(this.pcs, new Int32Array(length));
    this.targets = grown(this.targets, new Int32Array(length));
    this.#passes = grown(this.#passes, new Uint8Array(length));
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
