/**
 * Hooks of single blocks that move to other blocks before each run. To add a hook and take it away costs about what is gained by
 * not hooking a block; to write its addresses where libunicorn keeps them costs nothing. Where that is, is not promised:
 * it is looked for in each hook when it is added, and where it is not found there are none of these hooks.
 *
 * A hook counts when a block is translated, and again when it runs: what was translated before a move is to be dropped.
 */
import koffi from 'koffi';
import type { NamedBlocks } from './engine.ts';
import type { AddressRange, Pointer } from './libunicorn.ts';

/** So many blocks a run may name: libunicorn looks through all hooks at each block, and 98 of 100 programs name fewer. */
const HOOKS = 8;
/** Words of a hook (struct hook of uc_priv.h, 2.0.1 to 2.1.4) among which its addresses are. */
const HOOK_WORDS = 8;
/** To be found again; nothing is there. */
const MARK: AddressRange = [0x7feb_1dea_d000n, 0x7feb_1dea_dfffn];
/** A range that holds no block: no region is there. */
const NOWHERE = 1;
const NO_BLOCKS: NamedBlocks = { entries: [], returns: [] };
const HALF = 2 ** 32;

export class MovableHooks {
  /** First and last address of each, in halves of words. */
  readonly #ranges: readonly Uint32Array[];
  #used: number;

  private constructor(ranges: readonly Uint32Array[]) {
    this.#ranges = ranges;
    this.#used = ranges.length;
    this.moveTo(NO_BLOCKS);
  }

  /** Hooks that `add` adds to a handle, good until it is closed; null where they cannot be moved. */
  static add(add: (range: AddressRange) => Pointer): MovableHooks | null {
    const ranges = Array.from({ length: HOOKS }, () => rangeOf(add(MARK)));
    return ranges.every((range) => range !== null) ? new MovableHooks(ranges) : null;
  }

  /** To blocks at these addresses; false if they are more than there are hooks. */
  moveTo({ entries, returns }: NamedBlocks): boolean {
    const count = entries.length + returns.length;
    if (count > this.#ranges.length) return false;
    for (let i = 0; i < entries.length; i++) this.#put(i, entries[i] as number);
    for (let i = 0; i < returns.length; i++) this.#put(entries.length + i, returns[i] as number);
    for (let i = count; i < this.#used; i++) this.#put(i, NOWHERE);
    this.#used = count;
    return true;
  }

  #put(index: number, address: number): void {
    const range = this.#ranges[index] as Uint32Array;
    range[0] = range[2] = address;
    range[1] = range[3] = address / HALF;
  }
}

function rangeOf(hook: Pointer): Uint32Array | null {
  const words = new BigUint64Array(koffi.view(hook, 8 * HOOK_WORDS));
  const at = words.indexOf(MARK[0]);
  return at >= 0 && words[at + 1] === MARK[1] ? new Uint32Array(words.buffer, 8 * at, 4) : null;
}
