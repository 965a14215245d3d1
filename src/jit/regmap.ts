/** Which native register holds which BPF register: Linux's map, `reg2hex[]` in arch/x86/net/bpf_jit_comp.c. */
import type { Reg } from '../bpf/reg.ts';
import { type Gpr, R8, R9, R10, R11, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI } from '../x86/reg.ts';

/** r0..r10. */
export const BPF_TO_GPR: readonly Gpr[] = [RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP];

/** Internal register of the rewrites (the kernel's BPF_REG_AX): no number of its own on the wire. */
export const REG_AX: Reg = 13;
const GPR_OF_AX: Gpr = R10;
/** Stands for r10 in subprogs with a private stack (the kernel's X86_REG_R9). */
export const REG_PRIVATE_FP: Reg = 14;

/** Scratch register of the JIT itself (the kernel's AUX_REG). */
export const AUX: Gpr = R11;
/** Where the fetch loop keeps r0 meanwhile. */
export const SAVED_R0: Gpr = GPR_OF_AX;

/** BPF registers r6..r9 live in callee-saved registers, pushed in this order. */
export const CALLEE_SAVED_BPF: readonly Reg[] = [6, 7, 8, 9];

/** By BPF register, those without a number on the wire too. */
const GPRS: (Gpr | undefined)[] = Array.from({ length: 16 }, (_, reg) => BPF_TO_GPR[reg]);
GPRS[REG_AX] = GPR_OF_AX;
GPRS[REG_PRIVATE_FP] = R9;

/** Native register of r0..r10, REG_AX or REG_PRIVATE_FP. */
export function gprOf(reg: Reg): Gpr {
  const gpr = GPRS[reg];
  if (gpr === undefined) throw new RangeError(`r${reg} has no native register`);
  return gpr;
}
