/** How an instruction is at fault, from what differs after it. */
import type { Insn } from '../bpf/insn.ts';
import { writesOf } from '../bpf/live-args.ts';
import type { Image } from '../core/image.ts';
import type { Culprit, Stage } from './locate.ts';
import type { StepDifference } from './step-differences.ts';

/** A difference right after a call of a subprog is the call's if arguments differ, else the prologue's. */
export function stageOf(insn: Insn | undefined, differences: readonly StepDifference[]): Stage {
  if (insn?.kind === 'exit') return 'epilogue';
  if (insn?.kind !== 'call') return 'insn';
  const isArgument = ({ what }: StepDifference): boolean =>
    what.kind === 'incoming' || (what.kind === 'reg' && what.reg <= 5);
  return insn.target === 'local' && differences.length > 0 && !differences.some(isArgument)
    ? 'prologue'
    : 'call';
}

export function wrongOf(insn: Insn | undefined, differences: readonly StepDifference[]): Culprit['wrong'] {
  if (insn === undefined || /^(jcc|ja|may_goto|callx?|exit)$/.test(insn.kind)) return undefined;
  if (differences[0]?.what.kind === 'control') return 'way';
  const written = writesOf(insn);
  const isBystander = ({ what }: StepDifference): boolean =>
    what.kind === 'reg' && (written & (1 << what.reg)) === 0;
  return differences.length > 0 && differences.every(isBystander) ? 'bystander' : undefined;
}

/** Slots by where their code begins, in program order. */
export function pcsByOffset({ pcMap }: Image): Map<number, number[]> {
  const byOffset = new Map<number, number[]>();
  for (const [pc, offset] of pcMap ?? []) {
    const pcs = byOffset.get(offset);
    if (pcs === undefined) byOffset.set(offset, [pc]);
    else pcs.push(pc);
  }
  return byOffset;
}
