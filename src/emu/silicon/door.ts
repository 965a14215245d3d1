/** The host's side of the door (door-code.ts): what a run begins with, and what it came out with. */
import type { U64 } from '../../core/u64.ts';
import { REG_FILE_WORDS } from '../engine.ts';
import { DOOR_MARK, DOOR_SEGMENTS, DOOR_TARGET, DOOR_WORDS, XSTATE_OFFSET } from './door-code.ts';
import { DOOR_ENTRY, DOOR_ENTRY_SIZE, DOOR_EXIT, GUEST_FD, GUEST_PAGE_SIZE } from './guest-elf.ts';
import { MAP_FIXED, MAP_SHARED, PROT, SYS } from './linux.ts';
import { type Segment, sharedMemory } from './shared-memory.ts';

export class Door {
  readonly #segment: Segment;
  readonly #entry: BigUint64Array;
  readonly #exit: BigUint64Array;
  /** A register file: what the last run ended with. */
  readonly regs: BigUint64Array;

  constructor() {
    this.#segment = sharedMemory().allocate(DOOR_ENTRY_SIZE + GUEST_PAGE_SIZE);
    const { buffer, byteOffset } = this.#segment.bytes;
    this.#entry = new BigUint64Array(buffer, byteOffset, DOOR_WORDS);
    this.#exit = new BigUint64Array(buffer, byteOffset + DOOR_ENTRY_SIZE, DOOR_WORDS);
    this.regs = this.#exit.subarray(0, REG_FILE_WORDS);
  }

  /** System calls by which a guest maps it. */
  get mapCalls(): readonly (readonly [number, ...(number | bigint)[]])[] {
    const { offset } = this.#segment;
    const shared = MAP_SHARED | MAP_FIXED;
    return [
      [SYS.mmap, DOOR_ENTRY, DOOR_ENTRY_SIZE, PROT.r, shared, GUEST_FD, offset],
      [SYS.mmap, DOOR_EXIT, GUEST_PAGE_SIZE, PROT.rw, shared, GUEST_FD, offset + DOOR_ENTRY_SIZE],
    ];
  }

  /** The vector state all runs begin with, as XSAVE writes it; false if there is no room for it. */
  setXstate(state: Uint8Array): boolean {
    if (XSTATE_OFFSET + state.length > DOOR_ENTRY_SIZE) return false;
    this.#segment.bytes.set(state, XSTATE_OFFSET);
    return true;
  }

  /** Before a run with these registers. */
  open(regs: BigUint64Array, start: U64): void {
    this.#entry.set(regs);
    this.#entry[DOOR_TARGET] = start;
    this.#exit[DOOR_MARK] = 0n;
  }

  /** Whether the guest came out since. */
  get isOut(): boolean {
    return this.#exit[DOOR_MARK] !== 0n;
  }

  /** Whether it could go in again as it came: nothing is left in registers that are not set there. */
  get isClean(): boolean {
    return this.#exit[DOOR_SEGMENTS] === 0n;
  }

  close(): void {
    sharedMemory().release(this.#segment);
  }
}
