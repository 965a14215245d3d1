/**
 * The handles an engine keeps from run to run, with the same memory and code: one that sees all blocks, and one for runs that
 * name the blocks to see. Each is opened when it is first needed; they are closed together.
 */
import type { Region } from './engine.ts';
import type { LoadedRange, Mapped } from './guest-space.ts';
import type { AddressRange } from './libunicorn.ts';
import type { HookedBlocks, HookTarget, UnicornHandle } from './unicorn-handle.ts';

export class KeptHandles {
  readonly #open: (blocks: HookedBlocks) => UnicornHandle;
  #all: UnicornHandle | undefined;
  #named: UnicornHandle | undefined;

  constructor(open: (blocks: HookedBlocks) => UnicornHandle) {
    this.#open = open;
  }

  /** Sees all blocks. */
  get all(): UnicornHandle {
    this.#all ??= this.#open('brief');
    this.#all.dropStale();
    return this.#all;
  }

  /** Sees callees, and what its `named` hooks are moved to. */
  get named(): UnicornHandle {
    this.#named ??= this.#open('named');
    this.#named.dropStale();
    return this.#named;
  }

  map(mapped: Mapped): void {
    this.#all?.map(mapped);
    this.#named?.map(mapped);
  }

  unmap(region: Region): void {
    this.#all?.unmap(region);
    this.#named?.unmap(region);
  }

  /** As UnicornHandle.hookRanges. */
  hookRanges(key: string, target: HookTarget, ranges: readonly AddressRange[]): void {
    this.#all?.hookRanges(key, target, ranges);
    this.#named?.hookRanges(key, target, ranges);
  }

  /** Translations of this code are stale; each handle drops them when it is to run again. */
  markStale(range: LoadedRange): void {
    this.#all?.markStale(range);
    this.#named?.markStale(range);
  }

  /** All translations are; so is their memory used again. */
  markAllStale(): void {
    this.#all?.markAllStale();
    this.#named?.markAllStale();
  }

  close(): void {
    this.#all?.close();
    this.#named?.close();
    this.#all = undefined;
    this.#named = undefined;
  }
}
