/**
 * How many bytes of BPF stack each subprog uses: what the verifier hands the JIT as `aux->stack_depth`. A
 * forward dataflow over r10 and everything derived from it. Where it cannot follow a pointer it takes the whole
 * 512 bytes, never fewer than may be used. Not followed: a pointer into a frame that has ended, used while
 * another frame lies there.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { Marks } from './marks.ts';
import { directReach } from './stack/direct.ts';
import { StackFacts } from './stack/facts.ts';
import { FP, pointer } from './stack/pointer.ts';
import { Walk } from './stack/walk.ts';

/** Depth of each subprog in bytes, a multiple of 8. */
export function stackDepths(program: Program, marks: Marks = new Marks().read(program.insns)): number[] {
  const direct = program.subprogs.map((subprog) => directReach(program.insns, subprog, marks));
  // Where no subprog has a pointer, none gets one from another.
  const lowest = direct.includes(null) ? walked(program, marks, direct) : (direct as number[]);
  return lowest.map((low) => (Math.min(MAX_STACK_BYTES, 0 - low) + 7) & ~7);
}

/** How far below its r10 each subprog reaches, <= 0. `direct`: what `directReach` says of each. */
function walked(program: Program, marks: Marks, direct: readonly (number | null)[]): number[] {
  const facts = new StackFacts(program);
  while (facts.startRound()) {
    for (const subprog of program.subprogs) {
      if (!facts.takeStale(subprog.index)) continue;
      const summary = facts.summary(subprog.index);
      const lowest = facts.seesPointers(summary) ? null : (direct[subprog.index] as number | null);
      if (lowest === null) new Walk(program, marks, subprog, { summary, facts }).run();
      else facts.reach(summary, pointer(FP), lowest);
    }
  }
  return program.subprogs.map(({ index }) => facts.summary(index).lowest[FP] as number);
}
