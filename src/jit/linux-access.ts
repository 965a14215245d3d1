/** What of a program is of the verifier's making, as far as it concerns the whole image. */
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
  for (const insn of insns) {
    // What is not there is not compared with words: that takes the slow way.
    if (insn === undefined) continue;
    switch (insn.kind) {
      case 'ldx':
      case 'stx':
      case 'st':
      case 'atomic':
        if (insn.access === 'arena') arena = true;
        break;
      case 'cast':
        if (insn.to === 'percpu') percpu = true;
        else arena = true;
        break;
    }
  }
  return { arena, percpu };
}

/** An entry of the exception table, as it is. */
export const fixup = (entry: Fixup): Fixup => entry;
