/** Which stack arguments the instructions of a subprog load and store. */
import { badInput } from '../core/errors.ts';
import { MAX_REG_ARGS, STACK_ARG_FORMS, stackArgSlot } from './calling.ts';
import type { LdxInsn, Slots, StInsn, StxInsn } from './insn.ts';
import { indexFrom } from './marked-slots.ts';

type StackArgInsn = LdxInsn | StInsn | StxInsn;

/** What a subprog uses, counted as arguments: incoming 7 means it reads argument 7. */
export interface StackArgUse {
  readonly incoming: number;
  readonly outgoing: number;
  /** What is wrong with the first access that is none. */
  readonly wrong: Error | undefined;
}

/** Of the subprog [start, end). `slots`: where the program loads and stores stack arguments (marked-slots.ts). */
export function stackArgsUsed(
  insns: Slots,
  slots: readonly number[],
  { start, end }: { readonly start: number; readonly end: number },
): StackArgUse {
  const { base } = STACK_ARG_FORMS.linux;
  let incoming = 0;
  let outgoing = 0;
  let wrong: Error | undefined;
  for (let k = indexFrom(slots, start); k < slots.length; k++) {
    const pc = slots[k] as number;
    if (pc >= end) break;
    const insn = insns[pc] as StackArgInsn;
    const isLoad = insn.kind === 'ldx';
    const reg = isLoad ? insn.src : insn.dst;
    const slot = reg === base ? stackArgSlot(insn.off, isLoad ? 'incoming' : 'outgoing') : undefined;
    if (slot === undefined) wrong ??= badStackArg(pc, reg, insn.off, base, isLoad ? 'load' : 'store');
    else if (isLoad) incoming = Math.max(incoming, MAX_REG_ARGS + 1 + slot);
    else outgoing = Math.max(outgoing, slot + 1);
  }
  return { incoming, outgoing, wrong };
}

function badStackArg(pc: number, reg: number, off: number, base: number, access: 'load' | 'store'): Error {
  const rule = access === 'load' ? 'loads take off 8, 16, … 56' : 'stores take off -8, -16, … -56';
  const why =
    reg === base
      ? `off is ${off}: ${rule}`
      : `R${reg} is invalid: stack arguments go through r${base} in this convention`;
  return badInput('program', `insn ${pc} (stack argument ${access})`, why);
}
