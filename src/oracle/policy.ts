/** What `compare` must know beside the two executions. */
import type { Fault } from '../core/execution.ts';
import { PAGE_SIZE } from '../core/layout.ts';
import type { U64 } from '../core/u64.ts';

/** Bytes the program may touch; engines map them in whole pages. */
export interface MappedRange {
  readonly address: U64;
  readonly size: number;
  readonly writable: boolean;
}

export interface Policy {
  /** BPF instructions the reference was given. */
  readonly insnLimit: number;
  /** Basic blocks the native side was given. */
  readonly fuel: number;
  /** Memory of the native side; asked only where the reference met a fault. */
  readonly mapped: () => readonly MappedRange[];
  /**
   * Whether the instruction at a slot reads, modifies and writes memory at once. The reference reports a fault
   * of one as a write; native code may well load before it stores.
   */
  readonly isReadModifyWrite: (pc: number) => boolean;
  /** Divergences to keep; all are counted. */
  readonly maxDivergences: number;
}

/** @defaultValue of Policy.maxDivergences */
export const MAX_DIVERGENCES = 32;

const PAGE = BigInt(PAGE_SIZE);

/** Whether native code can make this access: every page it touches is mapped and, for a write, writable. */
export function isNativelyPossible(
  mapped: readonly MappedRange[],
  access: Fault & { kind: 'read' | 'write' | 'fetch' },
): boolean {
  const first = access.address / PAGE;
  const last = (access.address + BigInt(Math.max(access.size, 1)) - 1n) / PAGE;
  for (let page = first; page <= last; page++) {
    const range = mapped.find((r) => holdsPage(r, page));
    if (range === undefined || (access.kind === 'write' && !range.writable)) return false;
  }
  return true;
}

function holdsPage(range: MappedRange, page: bigint): boolean {
  if (range.size === 0) return false;
  return page >= range.address / PAGE && page <= (range.address + BigInt(range.size) - 1n) / PAGE;
}
