/**
 * What lies at the address of a program array for native code: a `struct bpf_array` of pointers to `struct bpf_prog`,
 * as far as tail calls read them. In Linux these offsets depend on the configuration.
 *
 *   +0x10         max_entries, 32 bits
 *   +0x110 + 8i   pointer to program i, or 0
 *   behind them   the programs; +0x30 of each: where its code starts
 *
 * All else is junk, as it is to a tail call.
 */
import type { U64 } from './u64.ts';

export const MAX_ENTRIES_OFFSET = 0x10;
export const PTRS_OFFSET = 0x110;
export const BPF_FUNC_OFFSET = 0x30;
const PROG_BYTES = 0x38;
/** Eight of it are no address. */
const JUNK = 0xa5;

/** The bytes from `address` on; `entryOf` is the address of a subprog's first byte. */
export function progArrayBytes(
  address: U64,
  programs: readonly (number | null)[],
  entryOf: (subprog: number) => U64,
): Uint8Array {
  const first = PTRS_OFFSET + 8 * programs.length;
  const view = new DataView(new ArrayBuffer(first + PROG_BYTES * programs.length));
  new Uint8Array(view.buffer).fill(JUNK);
  view.setUint32(MAX_ENTRIES_OFFSET, programs.length, true);
  programs.forEach((subprog, i) => {
    const prog = first + PROG_BYTES * i;
    view.setBigUint64(PTRS_OFFSET + 8 * i, subprog === null ? 0n : address + BigInt(prog), true);
    if (subprog !== null) view.setBigUint64(prog + BPF_FUNC_OFFSET, entryOf(subprog), true);
  });
  return new Uint8Array(view.buffer);
}
