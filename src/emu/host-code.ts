/**
 * Small pieces of machine code for the host itself, so that hooks libunicorn calls millions of times need not
 * enter JavaScript. x86-64 Linux hosts only; elsewhere there are none and the hooks are JavaScript.
 */
import koffi from 'koffi';
import { blockHook, GATE } from './block-hook.ts';
import type { Pointer } from './libunicorn.ts';

/** PROT_* of mprotect(2). */
export const PROT = { read: 1, readWrite: 3, readExec: 5 } as const;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
export const PAGE = 0x1000;

// biome-ignore format: an instruction a line
const INSN_HOOK = [
  0x48, 0x89, 0x71, 8 * GATE.lastInsn, // mov [rcx + 8 * GATE.lastInsn], rsi
  0xc3,                                // ret
];

export interface HostHooks {
  /** Sees every block. */
  readonly block: Pointer;
  /** Notes the instruction's address. */
  readonly insn: Pointer;
}

let hooks: HostHooks | null | undefined;

/** The hooks, written to one executable page of this process; null where that cannot be. */
export function hostHooks(): HostHooks | null {
  if (hooks !== undefined) return hooks;
  const block = hasHostCode() ? blockHook() : null;
  const page = block === null ? null : placeCode(Uint8Array.from([...block, ...INSN_HOOK]));
  hooks = block === null || page === null ? null : { block: page, insn: page + BigInt(block.length) };
  return hooks;
}

/** Whether machine code of this file can run here. */
export const hasHostCode = (): boolean => process.arch === 'x64' && process.platform === 'linux';

/** Words of this process at a place of their own, which stay for good. */
export interface HostPage {
  readonly at: Pointer;
  /** As many as a page has. */
  readonly words: BigUint64Array;
}

/** Writes up to a page of machine code where it can be called; null where that cannot be. It stays for good. */
export function placeCode(code: Uint8Array): Pointer | null {
  const page = placeWords();
  if (page === null) return null;
  new Uint8Array(page.words.buffer).set(code);
  return protect(page.at, PROT.readExec) ? page.at : null;
}

/** What this process may do with a page of its own, from now on; false where that cannot be. */
export function protect(page: Pointer, prot: number): boolean {
  const mprotect = koffi.load(null).func('int mprotect(void *address, size_t size, int prot)');
  return mprotect(page, PAGE, prot) === 0;
}

/** A page of zeros that machine code and JavaScript share; null where that cannot be. */
export function placeWords(): HostPage | null {
  const mmap = koffi
    .load(null)
    .func('void *mmap(void *address, size_t size, int prot, int flags, int fd, long offset)');
  const at: Pointer | null = mmap(null, PAGE, PROT.readWrite, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (at === null || BigInt.asUintN(64, at) === MAP_FAILED) return null;
  return { at, words: new BigUint64Array(koffi.view(at, PAGE)) };
}
