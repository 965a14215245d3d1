/** What has been loaded where, as far as libunicorn needs to know more of it than the bytes. */
import type { U64 } from '../core/u64.ts';
import { cmpxchgRanges, type HookRange } from './cmpxchg32.ts';
import { withoutFarBranches } from './far-branches.ts';
import { CMPXCHG, FAR_BRANCH, rareOpcodes } from './rare-opcodes.ts';
import type { AddressRange } from './unicorn-handle.ts';

const NONE: readonly HookRange[] = [];

/** Code as it is to be in memory. */
export interface Loadable {
  readonly code: Uint8Array;
  /** Whether hooks change: those of what was there before go, those of `ranges` come. */
  readonly isHooked: boolean;
  readonly ranges: readonly AddressRange[];
}

export class LoadedCode {
  /** Ranges that hold `0F B1`, by the address of what was loaded: hooks of every handle. */
  readonly #hooked = new Map<U64, readonly AddressRange[]>();
  /** Where code lies that cannot be translated as it is. */
  readonly #unfaithful = new Set<U64>();

  /** `entries`: offsets where the code goes on after a fault. */
  load(address: U64, code: Uint8Array, entries: readonly number[]): Loadable {
    const rare = rareOpcodes(code);
    const safe = rare & FAR_BRANCH ? withoutFarBranches(code, entries) : { code, isFaithful: true };
    if (!safe.isFaithful) this.#unfaithful.add(address);
    else if (this.#unfaithful.size > 0) this.#unfaithful.delete(address);
    const found = rare & CMPXCHG ? cmpxchgRanges(code) : NONE;
    const ranges = found.map(
      ({ first, last }): AddressRange => [address + BigInt(first), address + BigInt(last)],
    );
    const isHooked = ranges.length > 0 || (this.#hooked.size > 0 && this.#hooked.has(address));
    if (ranges.length > 0) this.#hooked.set(address, ranges);
    else if (isHooked) this.#hooked.delete(address);
    return { code: safe.code, isHooked, ranges };
  }

  /** Whether all of it does under libunicorn what it does on a CPU. */
  get isFaithful(): boolean {
    return this.#unfaithful.size === 0;
  }

  /** Where to hook, by the address of what was loaded. */
  get hooked(): Iterable<readonly [address: U64, ranges: readonly AddressRange[]]> {
    return this.#hooked;
  }

  /** Code at addresses that are no longer mapped is gone. */
  forget(isMapped: (address: U64) => boolean): void {
    for (const address of this.#hooked.keys()) if (!isMapped(address)) this.#hooked.delete(address);
    for (const address of this.#unfaithful) if (!isMapped(address)) this.#unfaithful.delete(address);
  }
}
