/**
 * Where the state of a run lies in the linear memory, for both sides of it: room.ts puts it there, translated code
 * works on it.
 *
 *   0x0000  r0..r10, 8 bytes each
 *   0x0060  their poison flags, a byte each
 *   0x0070  turns of may_goto that are left; fuel that is left; end of the table
 *   0x0080  the table: what addresses there are, RANGE_BYTES each
 *   0x1000  stacks of frames, by depth, MAX_STACK_BYTES each
 *   0x2000  context and data
 *
 * The poison flag of the byte at x is the byte at x + PLANE.
 */
import { MAX_CALL_FRAMES, MAX_STACK_BYTES } from '../../bpf/calling.ts';

export const REGS = 0;
export const REG_POISON = 0x60;
export const LOOPS = 0x70;
export const FUEL = 0x74;
export const TABLE_END = 0x78;
export const TABLE = 0x80;
export const STACKS = 0x1000;
export const FIXED = STACKS + MAX_CALL_FRAMES * MAX_STACK_BYTES;

export const PLANE = 0x80_0000;
export const PAGES = (2 * PLANE) / 0x1_0000;

/**
 * One range of guest addresses: its first one, its length, where it lies in linear memory, and whether it may be
 * written. No two overlap.
 */
export const RANGE = { low: 0, length: 8, linear: 16, writable: 20 } as const;
export const RANGE_BYTES = 24;
export const MAX_RANGES = (STACKS - TABLE) / RANGE_BYTES;
