/**
 * How many bytes of BPF stack each subprog uses: what the verifier hands the JIT as `aux->stack_depth`. A
 * forward dataflow over r10 and everything derived from it. Where it cannot follow a pointer it takes the whole
 * 512 bytes, never fewer than may be used. Not followed: a pointer into a frame that has ended, used while
 * another frame lies there.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { directReach } from './stack/direct.ts';
import { StackFacts } from './stack/facts.ts';
import { FP, pointer } from './stack/pointer.ts';
import { Walk } from './stack/walk.ts';

/** Depth of each subprog in bytes, a multiple of 8. */
export function stackDepths(program: Program): number[] {
  const facts = new StackFacts(program);
  const known: (number | null)[] = [];
  while (facts.startRound()) {
    for (const subprog of program.subprogs) {
      if (!facts.takeStale(subprog.index)) continue;
      const summary = facts.summary(subprog.index);
      const lowest = facts.seesPointers(summary) ? null : lowestOf(program, subprog, known);
      if (lowest === null) new Walk(program, subprog, summary, facts).run();
      else facts.reach(summary, pointer(FP), lowest);
    }
  }
  return program.subprogs.map(({ index }) => {
    const used = Math.min(MAX_STACK_BYTES, 0 - (facts.summary(index).lowest[FP] as number));
    return 8 * Math.ceil(used / 8);
  });
}

/** What `directReach` says, asked once a subprog: a round later it would say the same. */
function lowestOf({ insns }: Program, subprog: Subprog, known: (number | null)[]): number | null {
  const { index } = subprog;
  const lowest = known[index] === undefined ? directReach(insns, subprog) : known[index];
  known[index] = lowest;
  return lowest;
}
