/** Instructions whose effect no state of this image shows: what they write is where the image does not say. */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { writesOf } from '../../bpf/live-args.ts';
import { type Image, UNKNOWN_GPR } from '../../core/image.ts';

export function isUnseen(insn: Insn, { regs = [], args }: Image): boolean {
  if ((insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst)) {
    const slot = stackArgSlot(insn.off, 'outgoing');
    return slot !== undefined && args.bpf[MAX_REG_ARGS + slot] === undefined;
  }
  if (insn.kind === 'call') return false;
  const written = writesOf(insn);
  return regs.some((gpr, reg) => gpr === UNKNOWN_GPR && (written & (1 << reg)) !== 0);
}
