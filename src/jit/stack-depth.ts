/**
 * How many bytes of BPF stack each subprog uses: what the verifier hands the JIT as `aux->stack_depth`. A
 * forward dataflow over r10 and everything derived from it. Where it cannot follow a pointer it takes the whole
 * 512 bytes, never fewer than may be used. Not followed: a pointer into a frame that has ended, used while
 * another frame lies there.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { Marks } from './marks.ts';
import { directReach, UNKNOWN_REACH } from './stack/direct.ts';
import { StackFacts } from './stack/facts.ts';
import { FP, pointer } from './stack/pointer.ts';
import { Walk } from './stack/walk.ts';

/** Depth of each subprog in bytes, a multiple of 8. */
export function stackDepths(program: Program, marks: Marks = new Marks().read(program.insns)): number[] {
  const { subprogs, insns } = program;
  const lowest = new Array<number>(subprogs.length);
  let first = 0;
  for (; first < lowest.length; first++) {
    const reach = directReach(insns, subprogs[first] as Subprog, marks);
    if (reach === UNKNOWN_REACH) break;
    lowest[first] = reach;
  }
  // Where no subprog has a pointer, none gets one from another.
  if (first < lowest.length) follow(program, marks, lowest, first);
  for (let index = 0; index < lowest.length; index++)
    lowest[index] = (Math.min(MAX_STACK_BYTES, 0 - (lowest[index] as number)) + 7) & ~7;
  return lowest;
}

/** Makes of `lowest` how far below its r10 each subprog reaches, <= 0. Of the first that has a pointer `directReach` cannot tell. */
function follow(program: Program, marks: Marks, lowest: number[], first: number): void {
  const facts = new StackFacts(program);
  while (facts.startRound()) {
    for (let index = 0; index < lowest.length; index++) {
      if (!facts.takeStale(index)) continue;
      const subprog = program.subprogs[index] as Subprog;
      const summary = facts.summary(index);
      const isWalked = index === first || facts.seesPointers(summary);
      const reach = isWalked ? UNKNOWN_REACH : directReach(program.insns, subprog, marks);
      if (reach === UNKNOWN_REACH) new Walk(program, marks, subprog, { summary, facts }).run();
      else facts.reach(summary, pointer(FP), reach);
    }
  }
  for (let index = 0; index < lowest.length; index++) lowest[index] = facts.summary(index).ownLowest;
}
