/**
 * Registers of an image that does not say where they are: as Linux, uBPF and rbpf have them, which agree in all
 * but r4. Only where the steps of the run are recognised by them are they believed.
 */
import { type Image, UNKNOWN_GPR } from '../../core/image.ts';
import type { Alignment } from './align.ts';

/** rax, rdi, rsi, rdx, none, r8, rbx, r13, r14, r15, rbp. */
const LIKELY_REGS = [0, 7, 6, 2, UNKNOWN_GPR, 8, 3, 13, 14, 15, 5];

/** Fewer steps may look right by chance. */
const MIN_RECOGNISED = 4;

/** The image, with registers. */
export const withLikelyRegs = (image: Image): Image =>
  image.regs === undefined ? { ...image, regs: LIKELY_REGS } : image;

/** Whether most steps were recognised, up to the last one that was. */
export const areLikely = ({ agreed, recognised }: Alignment): boolean =>
  agreed !== null && recognised >= MIN_RECOGNISED && 2 * recognised > agreed.last;
