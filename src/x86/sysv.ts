/** System V ABI for x86-64, as far as native callees need it. psABI §3.2.1 (registers), §3.2.3 (arguments). */
import type { ArgPlace } from '../core/image.ts';
import { type Gpr, R8, R9, R12, R13, R14, R15, RBP, RBX, RCX, RDI, RDX, RSI } from './reg.ts';

/** Integer arguments 1..6; the rest lie at [rsp + 8], [rsp + 16], … when the callee starts. */
export const ARG_REGS: readonly Gpr[] = [RDI, RSI, RDX, RCX, R8, R9];

/** Where `count` arguments are when their function starts. */
export const argPlaces = (count: number): ArgPlace[] =>
  Array.from({ length: count }, (_, k) => {
    const reg = ARG_REGS[k];
    return reg === undefined ? { in: 'stack', index: k - ARG_REGS.length } : { in: 'reg', reg };
  });

/** Registers a callee gives back as it found them (beside rsp). */
export const CALLEE_SAVED: readonly Gpr[] = [RBX, RBP, R12, R13, R14, R15];
