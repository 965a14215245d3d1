/**
 * Breakpoints: an int3 in the place of the first byte at each watched address, while a run lasts. The guest that
 * reads its own code would see them.
 *
 * To go on from one, the instruction it covers runs as a copy in a slot elsewhere, which jumps back behind it:
 *
 *   slot   the instruction, up to 15 bytes
 *          jmp [rip]; .quad the address after the instruction
 *
 * An instruction that means something else elsewhere (relative to rip) is stepped over in its place.
 */
import type { U64 } from '../../core/u64.ts';
import { insnLayout } from '../../x86/insn-length.ts';

const INT3 = 0xcc;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const JMP_MEM_RIP = [0xff, 0x25, 0, 0, 0, 0];
export const SLOT_BYTES = 32;

/** A byte of code where the host has it. */
export interface CodeByte {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Executable memory of the guest that the host may write, for the slots. */
export interface SlotMemory {
  readonly address: U64;
  readonly bytes: Uint8Array;
}

interface Placed extends CodeByte {
  readonly original: number;
  /** Guest address of its copy, from the first time it is needed; null: there can be none. */
  copy?: U64 | null;
}

interface Slot {
  readonly start: U64;
  /** Where its instruction belongs. */
  readonly home: U64;
}

export class Breakpoints {
  readonly #placed = new Map<number, Placed>();
  /** Finds the byte of executable memory at a guest address. */
  readonly #find: (address: number) => CodeByte | undefined;
  readonly #slotMemory: SlotMemory;
  readonly #slotView: DataView;
  #slots: Slot[] = [];
  #isArmed = false;

  constructor(find: (address: number) => CodeByte | undefined, slots: SlotMemory) {
    this.#find = find;
    this.#slotMemory = slots;
    const { buffer, byteOffset, byteLength } = slots.bytes;
    this.#slotView = new DataView(buffer, byteOffset, byteLength);
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
    this.#placed.set(address, { bytes, offset, original: bytes[offset] ?? INT3 });
    bytes[offset] = INT3;
  }

  /** The byte that belongs to an address; undefined if there is no breakpoint. */
  original(address: number): number | undefined {
    return this.#placed.get(address)?.original;
  }

  /** Where the instruction under a breakpoint can be run instead; undefined if nowhere. */
  copy(address: number): U64 | undefined {
    const placed = this.#placed.get(address);
    if (placed === undefined) return undefined;
    placed.copy ??= this.#makeCopy(BigInt(address), placed);
    return placed.copy ?? undefined;
  }

  /** A place in a slot as the place in the code it stands for; any other as it is. */
  home(rip: U64): U64 {
    const { address, bytes } = this.#slotMemory;
    if (rip < address || rip >= address + BigInt(bytes.length)) return rip;
    const slot = this.#slots[(Number(rip - address) / SLOT_BYTES) | 0];
    return slot === undefined ? rip : slot.home + (rip - slot.start);
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
    this.#slots = [];
    this.#isArmed = false;
  }

  #makeCopy(home: U64, { bytes, offset, original }: Placed): U64 | null {
    const from = this.#slots.length * SLOT_BYTES;
    const slots = this.#slotMemory.bytes;
    if (from + SLOT_BYTES > slots.length) return null;
    slots.set(bytes.subarray(offset, offset + MAX_INSN_BYTES), from);
    slots[from] = original;
    const layout = insnLayout(slots.subarray(from, from + Math.min(MAX_INSN_BYTES, bytes.length - offset)));
    if (layout?.movable !== true) return null;
    const jump = from + layout.length;
    slots.set(JMP_MEM_RIP, jump);
    this.#slotView.setBigUint64(jump + JMP_MEM_RIP.length, home + BigInt(layout.length), true);
    const start = this.#slotMemory.address + BigInt(from);
    this.#slots.push({ start, home });
    return start;
  }
}
