/** What has been loaded where, as far as libunicorn needs to know more of it than the bytes. */
import type { U64 } from '../core/u64.ts';
import { cmpxchgRanges, type HookRange } from './cmpxchg32.ts';
import { type SafeCode, withoutFarBranches } from './far-branches.ts';
import { harmlessCmpxchgs } from './harmless-cmpxchg.ts';
import type { InsnRow } from './insn-row.ts';
import type { AddressRange } from './libunicorn.ts';
import { CMPXCHG, FAR_BRANCH, rareOpcodes } from './rare-opcodes.ts';

const NOWHERE: readonly AddressRange[] = [];

/** Code that holds `0F B1` and need not be hooked, unless a run starts within some of its bytes. */
interface Spared {
  readonly size: number;
  readonly inner: readonly HookRange[];
}

/** Code as it is to be in memory. */
export interface Loadable {
  readonly code: Uint8Array;
  /** Whether hooks change: those of what was there before go, those of `ranges` come. */
  readonly isHooked: boolean;
  readonly ranges: readonly AddressRange[];
}

type Hooked = readonly [address: U64, ranges: readonly AddressRange[]];

export class LoadedCode {
  /** Ranges that hold `0F B1`, by the address of what was loaded: hooks of every handle. */
  readonly #hooked = new Map<U64, readonly AddressRange[]>();
  /** Of handles alone that must be exact wherever a run starts, and whatever changes registers meanwhile. */
  readonly #spared = new Map<U64, Spared>();
  /** Where code lies that cannot be translated as it is. */
  readonly #unfaithful = new Set<U64>();

  /** `entries`: offsets where the code goes on after a fault. */
  load(address: U64, code: Uint8Array, entries: readonly number[]): Loadable {
    const rare = rareOpcodes(code);
    const safe: SafeCode = rare & FAR_BRANCH ? withoutFarBranches(code, entries) : { code, isFaithful: true };
    if (!safe.isFaithful) this.#unfaithful.add(address);
    else if (this.#unfaithful.size > 0) this.#unfaithful.delete(address);
    const ranges = rare & CMPXCHG ? this.#toHook(address, code, entries, safe.row) : NOWHERE;
    if (!(rare & CMPXCHG) && this.#spared.size > 0) this.#spared.delete(address);
    const isHooked = ranges.length > 0 || (this.#hooked.size > 0 && this.#hooked.has(address));
    if (ranges.length > 0) this.#hooked.set(address, ranges);
    else if (isHooked) this.#hooked.delete(address);
    return { code: safe.code, isHooked, ranges };
  }

  #toHook(
    address: U64,
    code: Uint8Array,
    entries: readonly number[],
    row: InsnRow | undefined,
  ): readonly AddressRange[] {
    const inner = harmlessCmpxchgs(code, entries, row);
    if (inner === null) {
      this.#spared.delete(address);
      return addressed(address, cmpxchgRanges(code));
    }
    this.#spared.set(address, { size: code.length, inner });
    return NOWHERE;
  }

  /** Whether a run that starts there needs hooks that others do not. */
  isUnusualStart(start: U64): boolean {
    if (this.#spared.size === 0) return false;
    for (const [address, { inner }] of this.#spared) {
      const offset = Number(start - address);
      if (inner.some(({ first, last }) => offset >= first && offset <= last)) return true;
    }
    return false;
  }

  /** Whether all of it does under libunicorn what it does on a CPU. */
  get isFaithful(): boolean {
    return this.#unfaithful.size === 0;
  }

  /** Where to hook, by the address of what was loaded. */
  get hooked(): Iterable<Hooked> {
    return this.#hooked;
  }

  /** Where else, if nothing is to be spared. `bytesAt`: of the code as it lies there. */
  spared(bytesAt: (address: U64, size: number) => Uint8Array): Hooked[] {
    return [...this.#spared].map(([address, { size }]) => [
      address,
      addressed(address, cmpxchgRanges(bytesAt(address, size))),
    ]);
  }

  /** Code at addresses that are no longer mapped is gone. */
  forget(isMapped: (address: U64) => boolean): void {
    for (const address of this.#hooked.keys()) if (!isMapped(address)) this.#hooked.delete(address);
    for (const address of this.#spared.keys()) if (!isMapped(address)) this.#spared.delete(address);
    for (const address of this.#unfaithful) if (!isMapped(address)) this.#unfaithful.delete(address);
  }
}

const addressed = (address: U64, ranges: readonly HookRange[]): readonly AddressRange[] =>
  ranges.map(({ first, last }): AddressRange => [address + BigInt(first), address + BigInt(last)]);
