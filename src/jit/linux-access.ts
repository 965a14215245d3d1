/** What of a program is of the verifier's making, as far as it concerns the whole image. */
import type { Insn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import type { Fixup } from '../core/image.ts';

/** Whether r12 holds the base of an arena: `bpf_prog->aux->arena`, which subprogs share. */
export const usesArena = ({ insns }: Program): boolean =>
  insns.some((insn) => insn !== undefined && isOfArena(insn));

export const usesPercpu = ({ insns }: Program): boolean =>
  insns.some((insn) => insn?.kind === 'cast' && insn.to === 'percpu');

const isOfArena = (insn: Insn): boolean =>
  insn.kind === 'cast' ? insn.to !== 'percpu' : 'access' in insn && insn.access === 'arena';

/** An entry of the exception table, as it is. */
export const fixup = (entry: Fixup): Fixup => entry;
