/** What of a program is of the verifier's making, as far as it concerns the whole image. */
import type { CastInsn, LdxInsn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import type { Fixup } from '../core/image.ts';

export interface Accesses {
  /** r12 holds the base of an arena: `bpf_prog->aux->arena`, which subprogs share. */
  readonly arena: boolean;
  readonly percpu: boolean;
}

export function accessesOf({ insns }: Program): Accesses {
  let arena = false;
  let percpu = false;
  for (let pc = 0; pc < insns.length; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    const { access, to } = insn as Partial<Pick<LdxInsn, 'access'> & Pick<CastInsn, 'to'>>;
    // Most have neither, whatever their kind.
    if (access === undefined && to === undefined) continue;
    if (to === 'percpu') percpu = true;
    else if (access !== 'probe') arena = true;
  }
  return { arena, percpu };
}

/** An entry of the exception table, as it is. */
export const fixup = (entry: Fixup): Fixup => entry;
