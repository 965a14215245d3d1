/**
 * What holds at a point of a function on every way that leads there: the facts of Linux's verifier that concern
 * whether something may be read. Pointers into the own stack are followed through moves and constants.
 */
import { MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { R10, REG_COUNT } from '../../bpf/reg.ts';

/** No pointer into the own stack, as far as is known. */
export const NO_OFFSET = 1;

export class ContractState {
  /** Bit r: r0..r10 hold something. */
  registers: number;
  /** Bit k: outgoing slot k (argument 6 + k) has been stored since the last call. */
  slots = 0;
  /** Some way here has stored to an outgoing slot or made a call. */
  late = false;
  /** Offset from r10 that each register points to (<= 0), or NO_OFFSET. */
  readonly offsets = new Int16Array(REG_COUNT).fill(NO_OFFSET);
  /** One bit a stack byte: bit k is the one at r10 - 1 - k. */
  readonly #written = new Int32Array(MAX_STACK_BYTES / 32);

  /** At the first instruction of a function. `registers`: those that hold arguments. */
  constructor(registers: number) {
    this.registers = registers | (1 << R10);
    this.offsets[R10] = 0;
  }

  isSet(reg: number): boolean {
    return (this.registers & (1 << reg)) !== 0;
  }

  /** Whether all stack bytes of [r10 + off, + size) have been written; true for bytes outside the stack. */
  isWritten(off: number, size: number): boolean {
    for (let at = off; at < off + size; at++) {
      const k = -1 - at;
      if (isOnStack(k) && ((this.#written[k >> 5] as number) & (1 << (k & 31))) === 0) return false;
    }
    return true;
  }

  write(off: number, size: number): void {
    for (let at = off; at < off + size; at++) {
      const k = -1 - at;
      if (isOnStack(k)) this.#written[k >> 5] = (this.#written[k >> 5] as number) | (1 << (k & 31));
    }
  }

  copy(): ContractState {
    const copy = new ContractState(this.registers);
    copy.slots = this.slots;
    copy.late = this.late;
    copy.offsets.set(this.offsets);
    copy.#written.set(this.#written);
    return copy;
  }

  /** Keeps what holds in both; whether anything changed. */
  meet(other: ContractState): boolean {
    const { registers, slots, late } = this;
    this.registers &= other.registers;
    this.slots &= other.slots;
    this.late ||= other.late;
    let changed = registers !== this.registers || slots !== this.slots || late !== this.late;
    for (let reg = 0; reg < REG_COUNT; reg++) {
      if (this.offsets[reg] === other.offsets[reg] || this.offsets[reg] === NO_OFFSET) continue;
      this.offsets[reg] = NO_OFFSET;
      changed = true;
    }
    for (let k = 0; k < this.#written.length; k++) {
      const both = (this.#written[k] as number) & (other.#written[k] as number);
      changed ||= both !== this.#written[k];
      this.#written[k] = both;
    }
    return changed;
  }
}

const isOnStack = (k: number): boolean => k >= 0 && k < MAX_STACK_BYTES;
