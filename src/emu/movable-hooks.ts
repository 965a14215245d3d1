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

/** Libunicorn looks through all of them at each block; 98 of 100 programs name fewer blocks. */
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

  /** To these blocks; where they are more than there are hooks, to all from the first to the last of them. */
  moveTo({ entries, returns }: NamedBlocks): void {
    const count = entries.length + returns.length;
    if (count > HOOKS) this.#span(entries, returns);
    else {
      for (let i = 0; i < entries.length; i++) this.#put(i, entries[i] as number);
      for (let i = 0; i < returns.length; i++) this.#put(entries.length + i, returns[i] as number);
    }
    const used = count > HOOKS ? 1 : count;
    for (let i = used; i < this.#used; i++) this.#put(i, NOWHERE);
    this.#used = used;
  }

  #span(...lists: readonly (readonly number[])[]): void {
    let [first, last] = [Number.POSITIVE_INFINITY, 0];
    for (const list of lists) {
      for (const address of list) {
        first = Math.min(first, address);
        last = Math.max(last, address);
      }
    }
    this.#put(0, first, last);
  }

  #put(index: number, first: number, last = first): void {
    const range = this.#ranges[index] as Uint32Array;
    range[0] = first;
    range[1] = first / HALF;
    range[2] = last;
    range[3] = last / HALF;
  }
}

function rangeOf(hook: Pointer): Uint32Array | null {
  const words = new BigUint64Array(koffi.view(hook, 8 * HOOK_WORDS));
  const at = words.indexOf(MARK[0]);
  return at >= 0 && words[at + 1] === MARK[1] ? new Uint32Array(words.buffer, 8 * at, 4) : null;
}
