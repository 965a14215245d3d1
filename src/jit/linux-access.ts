/** What of a program is of the verifier's making, as far as it concerns the whole image. */
import type { CastInsn, LdxInsn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import { BY_VERIFIER } from '../bpf/traits.ts';
import type { Fixup } from '../core/image.ts';
import type { Marks } from './marks.ts';

export interface Accesses {
  /** r12 holds the base of an arena: `bpf_prog->aux->arena`, which subprogs share. */
  readonly arena: boolean;
  readonly percpu: boolean;
}

export function accessesOf({ insns }: Program, { traits, all }: Marks): Accesses {
  let arena = false;
  let percpu = false;
  if ((all & BY_VERIFIER) === 0) return { arena, percpu };
  for (let pc = 0; pc < insns.length; pc++) {
    if (((traits[pc] as number) & BY_VERIFIER) === 0) continue;
    const { access, to } = insns[pc] as Partial<Pick<LdxInsn, 'access'> & Pick<CastInsn, 'to'>>;
    if (to === 'percpu') percpu = true;
    else if (to !== undefined || access === 'arena') arena = true;
  }
  return { arena, percpu };
}

/** An entry of the exception table, as it is. */
export const fixup = (entry: Fixup): Fixup => entry;
