/**
 * Where everything lies in the guest's address space: one map for the interpreter and for every engine, so
 * that a pointer has the same value on both sides.
 *
 *   0x0000_0000_4000_0000  code      the image; also the `base` of the exec: protocol
 *   0x0000_0000_5000_0000  callees   one slot of CALLEE_STRIDE bytes for each helper or kfunc
 *   0x0000_0000_5700_0000  callback  code of helpers that call functions of the program (emu/callback-stub.ts)
 *   0x0000_0000_5800_0000  recorder  notes the calls of a run while it lasts (emu/recorder)
 *   0x0000_0000_6000_0000  kernel    data of a kernel that an image refers to (image: bundles)
 *   0x0000_2a5c_be00_0000  ctx       the memory r1 points to
 *   0x0000_35d1_8000_0000  data      .data, .rodata, .bss and named sections, one after the other
 *   0x0000_3a40_8000_0000  arrays    program arrays, PROG_ARRAY_STRIDE bytes each
 *   0x0000_3b12_8765_0000  arena     4 GiB, of which data sections that lie there are mapped
 *   0x0000_7ffe_9a00_c000  stack     grows down from STACK_TOP
 *
 * Data lies above 4 GiB and has bit 31 set, so that a pointer cut to 32 bits, or sign-extended from 32, is a
 * different address; all of it lies below 2^47, as every engine wants.
 */
export const CODE_BASE = 0x4000_0000n;
export const CALLEE_BASE = 0x5000_0000n;
export const CALLEE_STRIDE = 16;
/** Within the room for callees, as is the recorder. */
export const CALLBACK_BASE = 0x5700_0000n;
/** Code, then what it works with, then the log: within reach of a call from the image. */
export const RECORDER_BASE = 0x5800_0000n;
export const RECORDER_SIZE = 0x4_8000;
/** Below 2 GiB: code refers to it by 32 bits. */
export const KERNEL_DATA_BASE = 0x6000_0000n;
export const CTX_BASE = 0x2a5c_be00_0000n;
export const DATA_BASE = 0x35d1_8000_0000n;
export const PROG_ARRAY_BASE = 0x3a40_8000_0000n;
export const PROG_ARRAY_STRIDE = 0x1_0000;
/** Where the arena of a program lies, and the upper half of its addresses as user space knows them. */
export const ARENA_BASE = 0x3b12_8765_0000n;
export const ARENA_USER_BASE = 0x7e57_0000_0000n;
/** Probes below it are taken for addresses of user space: TASK_SIZE_MAX + PAGE_SIZE of this guest. */
export const USER_LIMIT = 0x2000_0000_0000n;
/** So are probes from here on: the vsyscall page, and what is above it. Linux's own. */
export const VSYSCALL_ADDR = 0xffff_ffff_ff60_0000n;
/** First address above the stack region. */
export const STACK_TOP = 0x7ffe_9a01_0000n;
/** Twice what 8 frames can take, and a page above them: every byte of it is written before each run. */
export const STACK_SIZE = 0x4000;
export const STACK_BASE = STACK_TOP - BigInt(STACK_SIZE);
/**
 * Private stacks lie from STACK_BASE on, where no native frame comes to, each with its most bytes
 * and two guard words: the first one's fp is a stride above.
 */
export const PRIVATE_STACK_STRIDE = 512 + 16;
export const MAX_PRIVATE_STACKS = 11;
/** rsp before the `call` that enters the image; above it lie the canaries of the caller. */
export const ENTRY_RSP = STACK_TOP - 0x1000n;
/** r10 of main under a JIT that does `push rbp; mov rbp, rsp`: below return address and saved rbp. */
export const MAIN_FP = ENTRY_RSP - 16n;

/** Whether a probe there gives 0 without a look (`bpf_arch_uaddress_limit()`; linux 66e13b615a0c). */
export const isUserAddress = (address: bigint): boolean => address <= USER_LIMIT || address >= VSYSCALL_ADDR;

/** Sections start on multiples of this, with at least one unmapped page between two of them. */
export const PAGE_SIZE = 0x1000;
