/**
 * What the passes of the JIT ask of a program's instructions, found in one look at each: what follows reads numbers, and
 * goes through the slots alone that it is about.
 */
import type { Slots } from '../bpf/insn.ts';
import { wordOf } from '../bpf/insn-shape.ts';
import { JUMPS, MAY_BE_REWRITTEN, traitsOfWord } from '../bpf/traits.ts';
import { traitsOf } from '../bpf/uniform.ts';

const LEAST = 1024;
const SPECIAL = JUMPS | MAY_BE_REWRITTEN;

/** Those of one program. They may be kept for the next one: they grow to the largest. */
export class Marks {
  /** By slot (bpf/traits.ts); 0 of the second half of a wide instruction, and of nothing else. */
  traits = new Int32Array(LEAST);
  /** Those of any. */
  all = 0;
  /** How many instructions there are: a wide one counts as one. */
  insns = 0;
  /** Slots of what jumps, and of what may become something else, ascending. */
  special = new Int32Array(LEAST);
  /** How many these are. */
  specials = 0;

  /** Of these instructions, and no longer of others. */
  read(insns: Slots): this {
    const { length } = insns;
    if (length > this.traits.length) {
      this.traits = new Int32Array(2 * length);
      this.special = new Int32Array(2 * length);
    }
    const { traits, special } = this;
    let all = 0;
    let count = 0;
    let specials = 0;
    for (let pc = 0; pc < length; pc++) {
      const insn = insns[pc];
      traits[pc] = 0;
      if (insn === undefined) continue;
      count++;
      const word = wordOf(insn);
      const bits = word === 0 ? traitsOf(insn) : traitsOfWord(word);
      traits[pc] = bits;
      all |= bits;
      if ((bits & SPECIAL) !== 0) special[specials++] = pc;
    }
    this.all = all;
    this.insns = count;
    this.specials = specials;
    return this;
  }
}

/** Index of the first of `count` ascending slots that is not before one, looked for from an index on. */
export function indexFrom(slots: Int32Array, slot: number, from: number, count: number): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle] as number) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
