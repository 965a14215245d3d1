/** Which stack arguments the instructions of a subprog load and store. */
import { badInput } from '../core/errors.ts';
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from './calling.ts';
import type { Slots } from './insn.ts';

/**
 * Stack arguments of a subprog, counted as arguments: incoming 7 means it reads argument 7; and what is wrong with
 * the first access that is none.
 */
export function stackArgsUsed(
  insns: Slots,
  start: number,
  end: number,
  base: number,
): { incoming: number; outgoing: number; wrong: Error | undefined } {
  let incoming = 0;
  let outgoing = 0;
  let wrong: Error | undefined;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    if (insn.kind === 'ldx' && isStackArgBase(insn.src)) {
      const slot = insn.src === base ? stackArgSlot(insn.off, 'incoming') : undefined;
      if (slot === undefined) wrong ??= badStackArg(pc, insn.src, insn.off, base, 'load');
      else incoming = Math.max(incoming, MAX_REG_ARGS + 1 + slot);
    } else if ((insn.kind === 'stx' || insn.kind === 'st') && isStackArgBase(insn.dst)) {
      const slot = insn.dst === base ? stackArgSlot(insn.off, 'outgoing') : undefined;
      if (slot === undefined) wrong ??= badStackArg(pc, insn.dst, insn.off, base, 'store');
      else outgoing = Math.max(outgoing, slot + 1);
    }
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
