/**
 * Breakpoints: an int3 in the place of the first byte at each watched address, while a run lasts. The guest that
 * reads its own code would see them; no other run does.
 */
import { prefixesOf } from '../prefixes.ts';
import type { Breakpoint } from './tracee.ts';

const INT3 = 0xcc;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const REPNE = 0xf2;
const REP = 0xf3;

/** A byte of code where the host has it. */
export interface CodeByte {
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** Its address in this process. */
  readonly at: bigint;
}

export interface PlacedBreakpoint extends Breakpoint, CodeByte {
  /** The instruction there repeats: under a trap flag it stops after each round. */
  readonly repeats: boolean;
}

export class Breakpoints {
  readonly #placed = new Map<number, PlacedBreakpoint>();
  /** Finds the byte of executable memory at a guest address. */
  readonly #find: (address: number) => CodeByte | undefined;
  #isArmed = false;

  constructor(find: (address: number) => CodeByte | undefined) {
    this.#find = find;
  }

  /** Whether watched addresses are to have one. */
  get isArmed(): boolean {
    return this.#isArmed;
  }

  arm(addresses: Iterable<number>): void {
    this.#isArmed = true;
    for (const address of addresses) this.place(address);
  }

  /** Places one, if there is code at the address. */
  place(address: number): void {
    if (this.#placed.has(address)) return;
    const byte = this.#find(address);
    if (byte === undefined) return;
    const { bytes, offset } = byte;
    const original = bytes[offset] ?? INT3;
    const repeats = isRepeated(bytes.subarray(offset, offset + MAX_INSN_BYTES));
    this.#placed.set(address, { ...byte, original, repeats });
    bytes[offset] = INT3;
  }

  at(address: number): PlacedBreakpoint | undefined {
    return this.#placed.get(address);
  }

  /** Takes one away; a byte the guest has written over it stays. */
  lift(address: number): void {
    const placed = this.#placed.get(address);
    if (placed === undefined) return;
    const { bytes, offset, original } = placed;
    if (bytes[offset] === INT3) bytes[offset] = original;
    this.#placed.delete(address);
  }

  /** Puts all code back as it was. */
  clear(): void {
    for (const address of this.#placed.keys()) this.lift(address);
    this.#isArmed = false;
  }
}

/** movs, cmps, stos, lods, scas, ins, outs under rep. SDM 2B, REP. */
function isRepeated(insn: Uint8Array): boolean {
  const { opcode, legacy } = prefixesOf(insn);
  if (!legacy.has(REP) && !legacy.has(REPNE)) return false;
  const byte = insn[opcode] ?? 0;
  return (byte >= 0x6c && byte <= 0x6f) || (byte >= 0xa4 && byte <= 0xaf && byte !== 0xa8 && byte !== 0xa9);
}
