/**
 * Cures what every libunicorn gets wrong: a 32-bit `cmpxchg` that succeeds does not write rax on a CPU, so that
 * rax[63:32] stays; libunicorn zeroes it (one that fails zero-extends in both; SDM 2A CMPXCHG).
 *
 * The instruction is recognised where it runs, not where bytes look like it: instructions that start at the bytes
 * `0F B1`, at prefixes before them, or up to where such an instruction ends are hooked, and the hook reads the one about
 * to run.
 */
import type { U64 } from '../core/u64.ts';
import { insnLayout } from '../x86/insn-length.ts';
import { isPrefix, isRexW, prefixesOf } from '../x86/prefixes.ts';

/** Longest instruction: SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
/** Ranges past this number are hooked as one. */
const MAX_RANGES = 32;
const OPERAND_SIZE = 0x66;
const ZF = 0x40n;
const UPPER_HALF = 0xffff_ffff_0000_0000n;

/** Offsets of first and last byte an instruction must start at to be watched. */
export interface HookRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Where to hook so that each 32-bit cmpxchg in `code`, and the instruction after it, is seen starting.
 */
export function cmpxchgRanges(code: Uint8Array): HookRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (let at = code.indexOf(0x0f); at >= 0; at = code.indexOf(0x0f, at + 1)) {
    if (code[at + 1] !== 0xb1) continue;
    const range = { first: firstStart(code, at), last: at + lengthFrom(code, at) };
    const before = ranges.at(-1);
    // The bytes may be part of another one, which ends after them.
    if (before !== undefined && range.first <= before.last) before.last = Math.max(before.last, range.last);
    else ranges.push(range);
  }
  const [first] = ranges;
  const last = ranges.at(-1);
  if (first === undefined || last === undefined || ranges.length <= MAX_RANGES) return ranges;
  return [{ first: first.first, last: last.last }];
}

/** The first byte where one with its opcode at `opcode` may start: not before REX.W, for then it is of 64 bits. */
function firstStart(code: Uint8Array, opcode: number): number {
  let at = opcode;
  if (isRexW(code[at - 1] ?? 0)) return at;
  while (at > 0 && opcode - at < MAX_INSN_BYTES && isPrefix(code[at - 1] as number)) at--;
  return at;
}

/** Bytes of one from its opcode on; the most there may be where the code ends in it. */
const lengthFrom = (code: Uint8Array, opcode: number): number =>
  insnLayout(code.subarray(opcode, opcode + MAX_INSN_BYTES))?.length ?? MAX_INSN_BYTES;

/** Whether an instruction is `cmpxchg r/m32, r32`: prefixes, REX without W, 0F B1 /r. */
export function isCmpxchg32(insn: Uint8Array): boolean {
  const { opcode: at, legacy, rexW } = prefixesOf(insn);
  return insn[at] === 0x0f && insn[at + 1] === 0xb1 && !rexW && !legacy.has(OPERAND_SIZE);
}

/** Access to the guest the cure needs. */
export interface CmpxchgGuest {
  bytes(address: U64, size: number): Uint8Array;
  rax(): U64;
  setRax(value: U64): void;
  rflags(): U64;
}

/** Follows one cmpxchg from its start to the start of the next instruction. */
export class Cmpxchg32 {
  readonly #guest: CmpxchgGuest;
  /** Upper half of rax before the cmpxchg that runs, and where the instruction after it starts. */
  #upper = 0n;
  #next: number | undefined;

  constructor(guest: CmpxchgGuest) {
    this.#guest = guest;
  }

  /** An instruction within a hooked range starts; what ran before it is settled. */
  onInsn(address: number, size: number): void {
    if (!isCmpxchg32(this.#guest.bytes(BigInt(address), size))) return;
    this.#upper = this.#guest.rax() & UPPER_HALF;
    if (this.#upper !== 0n) this.#next = address + size;
  }

  /** The cmpxchg that runs has faulted. */
  forget(): void {
    this.#next = undefined;
  }

  /** Gives rax its upper half back if execution is at `address`, just after a cmpxchg that succeeded: true if it was. */
  settle(address: number): boolean {
    if (this.#next === undefined) return false;
    const after = this.#next === address;
    this.#next = undefined;
    if (!after || (this.#guest.rflags() & ZF) === 0n) return false;
    this.#guest.setRax(this.#guest.rax() | this.#upper);
    return true;
  }
}
