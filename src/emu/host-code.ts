/**
 * Small pieces of machine code for the host itself, so that hooks libunicorn calls millions of times need not
 * enter JavaScript. x86-64 Linux hosts only; elsewhere there are none and the hooks are JavaScript.
 */
import koffi from 'koffi';
import type { Pointer } from './libunicorn.ts';

const PROT_READ_WRITE = 3;
const PROT_READ_EXEC = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const PAGE = 0x1000;

/** Layout of the structure the hooks get as user pointer: 64-bit words. */
export const GATE_FUEL = 0;
export const GATE_FILTER = 1;
export const GATE_SLOW_PATH = 2;
export const GATE_LAST_INSN = 3;
export const GATE_SKIP = 4;
export const GATE_WORDS = 5;

/** psABI §3.2.3: rdi = uc, rsi = address, edx = size, rcx = user. */
// biome-ignore format: an instruction a line
const BLOCK_HOOK = [
  0x48, 0xff, 0x09,       // dec qword [rcx + 8 * GATE_FUEL]
  0x78, 28,               // js slow
  0x0f, 0xb7, 0xc6,       // movzx eax, si
  0x48, 0x03, 0x41, 8,    // add rax, [rcx + 8 * GATE_FILTER]
  0x80, 0x38, 0,          // cmp byte [rax], 0
  0x75, 1,                // jne marked
  0xc3,                   // ret
  0x48, 0x39, 0x71, 32,   // marked: cmp [rcx + 8 * GATE_SKIP], rsi
  0x75, 9,                // jne slow
  0x48, 0xc7, 0x41, 32,   // mov qword [rcx + 8 * GATE_SKIP], NOWHERE
  0xff, 0xff, 0xff, 0xff,
  0xc3,                   // ret
  0xff, 0x61, 16,         // slow: jmp [rcx + 8 * GATE_SLOW_PATH]
];
// biome-ignore format: an instruction a line
const INSN_HOOK = [
  0x48, 0x89, 0x71, 24,   // mov [rcx + 8 * GATE_LAST_INSN], rsi
  0xc3,                   // ret
];

export interface HostHooks {
  /**
   * Counts fuel down; calls the slow path when it is used up or the filter has a mark for the block, which is not passed
   * over: one block at GATE_SKIP.
   */
  readonly block: Pointer;
  /** Notes the instruction's address. */
  readonly insn: Pointer;
}

let hooks: HostHooks | null | undefined;

/** The hooks, written to one executable page of this process; null where that cannot be. */
export function hostHooks(): HostHooks | null {
  if (hooks !== undefined) return hooks;
  const page = hasHostCode() ? placeCode(Uint8Array.from([...BLOCK_HOOK, ...INSN_HOOK])) : null;
  hooks = page === null ? null : { block: page, insn: page + BigInt(BLOCK_HOOK.length) };
  return hooks;
}

/** Whether machine code of this file can run here. */
export const hasHostCode = (): boolean => process.arch === 'x64' && process.platform === 'linux';

/** Writes up to a page of machine code where it can be called; null where that cannot be. It stays for good. */
export function placeCode(code: Uint8Array): Pointer | null {
  const libc = koffi.load(null);
  const mmap = libc.func('void *mmap(void *address, size_t size, int prot, int flags, int fd, long offset)');
  const mprotect = libc.func('int mprotect(void *address, size_t size, int prot)');
  const page: Pointer | null = mmap(null, PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (page === null || BigInt.asUintN(64, page) === MAP_FAILED) return null;
  new Uint8Array(koffi.view(page, PAGE)).set(code);
  return mprotect(page, PAGE, PROT_READ_EXEC) === 0 ? page : null;
}
