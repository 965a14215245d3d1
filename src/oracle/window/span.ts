/** From a span of the reference's run to the instructions it is made of, and the part of their code to blame. */
import { type Program, subprogAt } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import type { Culprit, Window } from '../locate.ts';
import { isUnseen } from './unseen.ts';

interface Judged {
  readonly program: Program;
  readonly image: Image;
}

/** Steps of the reference's run. */
export interface Span extends Pick<Window, 'precision' | 'offsets'> {
  /** The last call or return before it; -1: none. */
  readonly call: number;
  readonly first: number;
  readonly last: number;
}

/** The window of a span, and what may have gone wrong unseen since the call before it. */
export function windowOf(subject: Judged, pcs: readonly number[], span: Span): Window {
  const { precision, call, first, last, offsets } = span;
  const ran = [
    ...pcs.slice(call + 1, first).filter((pc) => isUnseenAt(subject, pc)),
    ...callBehind(subject, pcs, first),
    ...pcs.slice(first, last + 1),
  ];
  const [from = null, to = null] = [ran[0], ran.at(-1)];
  const prologue = prologueIn(subject, pcs, span);
  return { precision, prologue, from, to, pcs: [...new Set(ran)], insns: ran.length, offsets };
}

function isUnseenAt({ program, image }: Judged, pc: number): boolean {
  const insn = program.insns[pc];
  return insn !== undefined && isUnseen(insn, image);
}

const isStart = (program: Program, pc: number): boolean => subprogAt(program, pc).start === pc;

/** After a return the code of the call goes on. */
function callBehind({ program }: Judged, pcs: readonly number[], step: number): number[] {
  const next = pcs[step + 1];
  const isReturn = program.insns[pcs[step] ?? -1]?.kind === 'exit' && next !== undefined;
  return isReturn && !isStart(program, next) ? [next - 1] : [];
}

/** Where a prologue ends nobody knows: it may go on until the first instruction of its subprog is done. */
function prologueIn(
  { program }: Judged,
  pcs: readonly number[],
  { first, last }: Pick<Span, 'first' | 'last'>,
): number | null {
  for (let step = first; step <= last + 1; step++) {
    const pc = pcs[step];
    const before = step === 0 ? undefined : program.insns[pcs[step - 1] ?? -1]?.kind;
    if (pc === undefined) continue;
    // By a call, or by a helper, which may do so behind an exit.
    const isEntered = step === 0 || ((before === 'call' || before === 'exit') && isStart(program, pc));
    if (isEntered) return subprogAt(program, pc).index;
  }
  return null;
}

/** After a call of a subprog that brought its arguments, the prologue is to blame. */
export function stageAt({ program }: Judged, pc: number | null, argsAgree: boolean): Culprit['stage'] {
  const insn = pc === null ? undefined : program.insns[pc];
  if (insn?.kind === 'exit') return 'epilogue';
  if (insn?.kind !== 'call') return 'insn';
  return insn.target === 'local' && argsAgree ? 'prologue' : 'call';
}
