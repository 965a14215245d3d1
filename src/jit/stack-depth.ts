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
  let arePlain = true;
  for (let index = 0; index < lowest.length; index++) {
    const reach = directReach(insns, subprogs[index] as Subprog, marks);
    if (reach === UNKNOWN_REACH) arePlain = false;
    lowest[index] = reach;
  }
  // Where no subprog has a pointer, none gets one from another.
  if (!arePlain) follow(program, marks, lowest);
  for (let index = 0; index < lowest.length; index++)
    lowest[index] = (Math.min(MAX_STACK_BYTES, 0 - (lowest[index] as number)) + 7) & ~7;
  return lowest;
}

/** Makes of `lowest`, what `directReach` says of each subprog, how far below its r10 it reaches, <= 0. */
function follow(program: Program, marks: Marks, lowest: number[]): void {
  const facts = new StackFacts(program);
  while (facts.startRound()) {
    for (const subprog of program.subprogs) {
      if (!facts.takeStale(subprog.index)) continue;
      const summary = facts.summary(subprog.index);
      const reach = facts.seesPointers(summary) ? UNKNOWN_REACH : (lowest[subprog.index] as number);
      if (reach === UNKNOWN_REACH) new Walk(program, marks, subprog, { summary, facts }).run();
      else facts.reach(summary, pointer(FP), reach);
    }
  }
  for (let index = 0; index < lowest.length; index++) lowest[index] = facts.summary(index).ownLowest;
}
