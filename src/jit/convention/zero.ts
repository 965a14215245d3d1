/**
 * What the reviewer of the seed series asked for: "All bpf insn need to remain as-is […] There should be no
 * additional moves. JIT should only special case 6th arg". It is what landed, with r12 for r11 in the bytecode:
 * the code, and the frame of ../frame.ts, are those of `linux`.
 */
import type { Convention } from './convention.ts';
import { LINUX } from './linux.ts';

export const ZERO: Convention = { ...LINUX, name: 'zero' };
