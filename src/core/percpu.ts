/**
 * The per-CPU area that code of a kernel refers to: it lies where such data does (layout.ts), and the guest's gs base
 * is 0, as at the start of any process. What Linux reaches by `gs:[symbol]` is then at the symbol's own address.
 */
import { KERNEL_DATA_BASE } from './layout.ts';

export const PERCPU_BASE = KERNEL_DATA_BASE;
/** `this_cpu_off`: what lies between per-CPU addresses and this CPU's area. */
export const THIS_CPU_OFF = PERCPU_BASE + 8n;
/** `__x86_call_depth`: an arithmetic shift right counts a call (arch/x86/include/asm/nospec-branch.h). */
export const CALL_DEPTH = PERCPU_BASE + 16n;

/** A multiple of a page, and no address by itself: without it, a per-CPU address is nowhere. */
export const CPU_OFFSET = 0x1234_5000_0000n;
/** RET_DEPTH_INIT of Linux. */
const RET_DEPTH_INIT = 0x8000_0000_0000_0000n;
const NEVER = 0x6e65_7665_7221_2121n;

/** The area as each run finds it. */
export const PERCPU_BYTES: Uint8Array = new Uint8Array(
  BigUint64Array.of(NEVER, CPU_OFFSET, RET_DEPTH_INIT, NEVER).buffer,
);
