/**
 * One uc handle: a CPU of the wanted model with the engine's hooks, its memory mapped from buffers of ours, and
 * a context saved while everything was clean. Handles are cheap (0.2 ms): the engine replaces them, and the
 * guest's memory, being ours, outlives them.
 */
import { CALLBACK_BASE, CALLEE_BASE } from '../core/layout.ts';
import type { Region } from './engine.ts';
import type { LoadedRange, Mapped } from './guest-space.ts';
import {
  type AddressRange,
  check,
  type Pointer,
  type PointerOut,
  UC_ARCH_X86,
  UC_CPU_X86_HASWELL,
  UC_CTL_CPU_MODEL_WRITE,
  UC_CTL_TB_FLUSH,
  UC_CTL_TB_REMOVE_CACHE,
  UC_CTL_TLB_TYPE_WRITE,
  UC_HOOK_BLOCK,
  UC_HOOK_CODE,
  UC_HOOK_INSN,
  UC_HOOK_INTR,
  UC_HOOK_MEM_INVALID,
  UC_MODE_64,
  UC_PROT,
  UC_TLB_VIRTUAL,
  UC_X86_INS_SYSCALL,
  UC_X86_INS_SYSENTER,
  type UnicornCalls,
  VERSION_2_1,
} from './libunicorn.ts';
import { MovableHooks } from './movable-hooks.ts';

/** uc_hook_add: begin > end means every address. */
const EVERYWHERE: AddressRange = [1n, 0n];
/** No block is there: regions are whole pages, and the first one is never mapped. */
const NO_BLOCK: AddressRange = [1n, 2n];
const CALLEES: AddressRange = [CALLEE_BASE, CALLBACK_BASE - 1n];

/** A callback with its user pointer, as uc_hook_add takes them. */
export interface HookTarget {
  readonly callback: Pointer;
  readonly user: Pointer;
}

/**
 * All of them; all, of which most run a few times; or callees, and those that each run names (`UnicornHandle.named`).
 *
 * Where blocks have one hook, libunicorn makes code of its own for each that it translates; where they have two, it calls one
 * function for all: 1.5 us less of a case, but 5 ns more of a block that runs. A block without a hook is 0.5 us less.
 */
export type HookedBlocks = 'all' | 'brief' | 'named';

/** What every handle of an engine hooks; `insn` only where exact positions are wanted, `block` but where runs are timed bare. */
export interface HandleHooks {
  readonly interrupt: HookTarget;
  readonly invalidMemory: HookTarget;
  readonly systemCall: HookTarget;
  readonly block?: HookTarget;
  /** Which blocks that is for. @defaultValue 'all' */
  readonly blocks?: HookedBlocks;
  readonly insn?: HookTarget;
  /** Sees every instruction too, after `insn`. */
  readonly step?: HookTarget;
}

export class UnicornHandle {
  readonly #lib: UnicornCalls;
  readonly uc: Pointer;
  readonly #clean: Pointer;
  readonly #rangeHooks = new Map<string, Pointer[]>();
  /** One for each address. */
  #stale: LoadedRange[] = [];
  #isAllStale = false;
  /** Hooks of the blocks that a run names; null where none are, or hooks cannot be moved. */
  readonly named: MovableHooks | null;

  constructor(lib: UnicornCalls, mapped: Iterable<Mapped>, hooks: HandleHooks) {
    this.#lib = lib;
    const uc: PointerOut = [null];
    check(lib, 'uc_open', lib.open(UC_ARCH_X86, UC_MODE_64, uc));
    this.uc = uc[0] ?? 0n;
    check(lib, 'uc_ctl(CPU_MODEL)', lib.ctlInt(this.uc, UC_CTL_CPU_MODEL_WRITE, UC_CPU_X86_HASWELL));
    if (lib.version >= VERSION_2_1) {
      check(lib, 'uc_ctl(TLB_TYPE)', lib.ctlInt(this.uc, UC_CTL_TLB_TYPE_WRITE, UC_TLB_VIRTUAL));
    }
    for (const each of mapped) this.map(each);
    this.#hook(UC_HOOK_INTR, hooks.interrupt);
    this.#hook(UC_HOOK_MEM_INVALID, hooks.invalidMemory);
    this.named = hooks.block === undefined ? null : this.#hookBlocks(hooks.block, hooks.blocks);
    for (const insn of [UC_X86_INS_SYSCALL, UC_X86_INS_SYSENTER]) {
      this.#hook(UC_HOOK_INSN, hooks.systemCall, EVERYWHERE, insn);
    }
    if (hooks.insn !== undefined) this.#hook(UC_HOOK_CODE, hooks.insn);
    if (hooks.step !== undefined) this.#hook(UC_HOOK_CODE, hooks.step);
    const context: PointerOut = [null];
    check(lib, 'uc_context_alloc', lib.contextAlloc(this.uc, context));
    this.#clean = context[0] ?? 0n;
    check(lib, 'uc_context_save', lib.contextSave(this.uc, this.#clean));
  }

  map({ region, bytes }: Mapped): void {
    const err = this.#lib.memMapPtr(this.uc, region.address, region.size, UC_PROT[region.perms], bytes);
    check(this.#lib, `uc_mem_map_ptr(${region.name})`, err);
  }

  unmap({ name, address, size }: Region): void {
    check(this.#lib, `uc_mem_unmap(${name})`, this.#lib.memUnmap(this.uc, address, size));
  }

  /** Translations of a range, which must lie in one executable region, are stale. */
  markStale(range: LoadedRange): void {
    const at = this.#stale.findIndex(({ address }) => address === range.address);
    const known = this.#stale[at];
    if (known === undefined) this.#stale.push(range);
    else if (known.size < range.size) this.#stale[at] = range;
  }

  /** All translations are to be dropped, so that their memory is used again. */
  markAllStale(): void {
    this.#isAllStale = true;
  }

  /** Drops translations that are stale: to be called before it runs. */
  dropStale(): void {
    if (this.#isAllStale) {
      check(this.#lib, 'uc_ctl(TB_FLUSH)', this.#lib.ctlInt(this.uc, UC_CTL_TB_FLUSH, 0));
      this.#isAllStale = false;
      this.#stale = [];
    }
    for (const { address, size } of this.#stale) {
      const err = this.#lib.ctlRange(this.uc, UC_CTL_TB_REMOVE_CACHE, address, address + BigInt(size));
      check(this.#lib, 'uc_ctl(TB_REMOVE_CACHE)', err);
    }
    if (this.#stale.length > 0) this.#stale = [];
  }

  /**
   * Hooks instructions that start within the ranges (first, last address), in place of those hooked under the
   * same key. Translations made before do not know of it: drop them after.
   */
  hookRanges(key: string, target: HookTarget, ranges: readonly AddressRange[]): void {
    for (const hook of this.#rangeHooks.get(key) ?? []) this.#lib.hookDel(this.uc, hook);
    const hooks = ranges.map((range) => this.#hook(UC_HOOK_CODE, target, range));
    if (hooks.length > 0) this.#rangeHooks.set(key, hooks);
    else this.#rangeHooks.delete(key);
  }

  /**
   * Registers, flags and the exception state as after opening. Without it a second #DE in one handle is
   * taken for a double fault, a third ends the run as if nothing had happened.
   */
  restore(): void {
    this.#lib.contextRestore(this.uc, this.#clean);
  }

  close(): void {
    this.#lib.contextFree(this.#clean);
    this.#lib.close(this.uc);
  }

  #hookBlocks(block: HookTarget, which: HookedBlocks = 'all'): MovableHooks | null {
    this.#hook(UC_HOOK_BLOCK, block, which === 'named' ? CALLEES : EVERYWHERE);
    if (which === 'brief') this.#hook(UC_HOOK_BLOCK, block, NO_BLOCK);
    return which === 'named' ? MovableHooks.add((range) => this.#hook(UC_HOOK_BLOCK, block, range)) : null;
  }

  #hook(type: number, { callback, user }: HookTarget, [first, last] = EVERYWHERE, insn = 0): Pointer {
    const hook: PointerOut = [null];
    const err = this.#lib.hookAdd(this.uc, hook, type, callback, user, first, last, insn);
    check(this.#lib, `uc_hook_add(${type})`, err);
    return hook[0] ?? 0n;
  }
}
