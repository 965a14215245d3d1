/** The basic blocks of a subprog: where translated code can be entered, and what it runs from there. */
import type { Insn, Slots } from '../../bpf/insn.ts';
import { slotsOf } from '../../bpf/insn.ts';
import type { Subprog } from '../../bpf/program.ts';
import { effectsOf } from './effects.ts';

/** Slots [start, end), entered at the top; jumps stand at its end only, but for may_goto. */
export interface Block {
  readonly start: number;
  readonly end: number;
}

/** In program order, all slots but those of code nothing leads to by more than falling into it. */
export function blocksOf(insns: Slots, { start, end }: Subprog): Block[] {
  const isLeader = new Uint8Array(end - start + 1);
  isLeader[0] = 1;
  isLeader[end - start] = 1;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    const next = pc + slotsOf(insn);
    if (endsBlock(insn)) isLeader[next - start] = 1;
    const to = jumpTarget(insn, pc);
    if (to !== undefined) isLeader[to - start] = 1;
  }
  const blocks: Block[] = [];
  let from = start;
  for (let pc = start + 1; pc <= end; pc++) {
    if (isLeader[pc - start] !== 1) continue;
    blocks.push({ start: from, end: pc });
    from = pc;
  }
  return blocks;
}

/** Where an instruction is left to the interpreter, its block ends with it: behind it translated code goes on. */
const endsBlock = (insn: Insn): boolean =>
  insn.kind === 'ja' || insn.kind === 'jcc' || effectsOf(insn) === undefined;

/** A slot of the same subprog: buildProgram sees to it. */
function jumpTarget(insn: Insn, pc: number): number | undefined {
  return insn.kind === 'ja' || insn.kind === 'jcc' || insn.kind === 'may_goto'
    ? pc + 1 + insn.off
    : undefined;
}
