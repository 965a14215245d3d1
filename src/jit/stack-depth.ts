/**
 * How many bytes of BPF stack each subprog uses: what the verifier hands the JIT as `aux->stack_depth`. A
 * forward dataflow over r10 and everything derived from it. Where it cannot follow a pointer it takes the whole
 * 512 bytes, never fewer than may be used. Not followed: a pointer into a frame that has ended, used while
 * another frame lies there.
 */
import { MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import { StackFacts } from './stack/facts.ts';
import { FP } from './stack/pointer.ts';
import { Walk } from './stack/walk.ts';

/** Depth of each subprog in bytes, a multiple of 8. */
export function stackDepths(program: Program): number[] {
  const facts = new StackFacts(program);
  const namesFp = program.subprogs.map((subprog) => mentionsFp(program, subprog));
  while (facts.startRound()) {
    for (const subprog of program.subprogs) {
      if (!facts.takeStale(subprog.index)) continue;
      const summary = facts.summary(subprog.index);
      if (namesFp[subprog.index] || facts.seesPointers(summary)) {
        new Walk(program, subprog, summary, facts).run();
      }
    }
  }
  return program.subprogs.map(({ index }) => {
    const used = Math.min(MAX_STACK_BYTES, 0 - (facts.summary(index).lowest[FP] as number));
    return 8 * Math.ceil(used / 8);
  });
}

function mentionsFp(program: Program, subprog: Subprog): boolean {
  for (let pc = subprog.start; pc < subprog.end; pc++) {
    const insn = program.insns[pc];
    if (insn === undefined) continue;
    if (('src' in insn && insn.src === R10) || ('dst' in insn && insn.dst === R10)) return true;
  }
  return false;
}
