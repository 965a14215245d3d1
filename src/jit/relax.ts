/**
 * Lengths of jumps: the passes of Linux's `bpf_int_jit_compile()`, run over lengths instead of bytes.
 *
 * Every instruction starts as 64 bytes long; each pass takes the addresses of the one before it and picks the
 * short form of a jump where the distance fits, so the program shrinks until nothing changes. The short form is
 * taken in [-128, 123] only, as a distance can still grow by 4 (linux c8831bdbfbab). From pass 15 on a jump
 * that could shrink is padded with nops instead (linux 93c5aecc35c6): from then on lengths only grow, and a
 * jump has three lengths at most, so the passes end. They go from jump to jump and target to target alone.
 */

import { lowestBit } from '../core/bits.ts';
import { type ScratchList, scratchWords } from './scratch.ts';

/** How an entry ends. */
export const NO_JUMP = 0;
export const COND_JUMP = 1;
export const GOTO_JUMP = 2;
/** To the epilogue: every EXIT but the first. */
export const EXIT_JUMP = 3;

export interface Unsettled {
  readonly count: number;
  /** Bytes of prologue and entries before each entry, without any jumps; one more at the end. */
  readonly starts: Int32Array;
  /** Slots before each entry (one has 2 for a wide instruction), one more at the end: Linux estimates by slot. */
  readonly slots: Int32Array;
  /** NO_JUMP, COND_JUMP, GOTO_JUMP or EXIT_JUMP. */
  readonly jump: Uint8Array;
  /** Entries that end in a jump, in program order. */
  readonly jumps: ScratchList;
  /** Entry a jump goes to. */
  readonly target: Int32Array;
  /** The entry that holds the epilogue, or -1. */
  readonly epilogue: number;
}

export interface Settled {
  /** Offset of the end of entry i at [i + 1]; [0] is the end of the prologue. Until the next code is lowered or settled. */
  readonly addrs: Int32Array;
  readonly passes: number;
}

const FIRST_ESTIMATE = 64;
const PADDING_FROM_PASS = 15;
const SELF_JUMP = -2;

export const isShortJump = (distance: number): boolean => distance >= -128 && distance <= 123;

/** Bytes of the long and of the short form. */
export const LONG_BYTES = [0, 6, 5, 5] as const;
export const SHORT_BYTES = 2;

// Those of the code that was settled last.
const ADDRS = scratchWords();
/** By entry that ends in a jump, as the pass before left it. */
const JUMP_LENGTHS = scratchWords();
const EDGES = scratchWords();
const EDGE_BITS = scratchWords();

export function settle(code: Unsettled, distanceOf: typeof distance = distance): Settled {
  if (code.jumps.count === 0) return { addrs: code.starts, passes: isEstimated(code, code.starts) ? 1 : 2 };
  const addrs = ADDRS.take(code.count + 1);
  const lengths = JUMP_LENGTHS.take(code.count);
  const edges = edgesOf(code);
  for (let k = 0; k < edges.count; k++) {
    const edge = edges.at[k] as number;
    addrs[edge] = estimate(code, edge);
  }
  if (!pass(code, addrs, lengths, edges, 1, distanceOf)) {
    place(code, addrs, lengths);
    return { addrs, passes: isEstimated(code, addrs) ? 1 : 2 };
  }
  let passes = 2;
  while (pass(code, addrs, lengths, edges, passes, distanceOf)) passes++;
  place(code, addrs, lengths);
  return { addrs, passes };
}

/** Distance a jump covers with these addresses. */
export function distance(code: Unsettled, addrs: Int32Array, i: number): number {
  if (code.jump[i] === EXIT_JUMP) return (addrs[code.epilogue] as number) - (addrs[i + 1] as number);
  if (code.jump[i] === GOTO_JUMP && code.target[i] === i) return SELF_JUMP;
  return (addrs[code.target[i] as number] as number) - (addrs[i + 1] as number);
}

/** Where an entry begins before the first pass. */
const estimate = ({ slots }: Unsettled, i: number): number => FIRST_ESTIMATE * (1 + (slots[i] as number));

function isEstimated(code: Unsettled, addrs: Int32Array): boolean {
  for (let i = 0; i <= code.count; i++) if (addrs[i] !== estimate(code, i)) return false;
  return true;
}

/** Entries whose addresses passes look at: where jumps end and where they go, in program order. */
interface Edges {
  readonly at: Int32Array;
  readonly count: number;
}

const BITS = 32;

function edgesOf({ count, jump, jumps, target, epilogue }: Unsettled): Edges {
  const words = Math.ceil((count + 1) / BITS);
  const bits = EDGE_BITS.take(words);
  for (let word = 0; word < words; word++) bits[word] = 0;
  for (let k = 0; k < jumps.count; k++) {
    const i = jumps.at(k);
    setBit(bits, i + 1);
    setBit(bits, jump[i] === EXIT_JUMP ? epilogue : (target[i] as number));
  }
  const at = EDGES.take(2 * jumps.count);
  let found = 0;
  for (let word = 0; word < words; word++)
    for (let left = bits[word] as number; left !== 0; left &= left - 1)
      at[found++] = BITS * word + lowestBit(left);
  return { at, count: found };
}

function setBit(bits: Int32Array, n: number): void {
  bits[n >>> 5] = (bits[n >>> 5] as number) | (1 << (n & (BITS - 1)));
}

/**
 * Updates `addrs` in place, in program order, as the kernel does: those of edges alone, as what lies between two of
 * them moves with the first. Returns whether any moved.
 */
function pass(
  code: Unsettled,
  addrs: Int32Array,
  lengths: Int32Array,
  edges: Edges,
  number: number,
  distanceOf: typeof distance,
): boolean {
  const { starts, jump } = code;
  const padding = number > PADDING_FROM_PASS;
  let jumpsBefore = 0;
  let changed = false;
  for (let k = 0; k < edges.count; k++) {
    const edge = edges.at[k] as number;
    const i = edge - 1;
    if (i >= 0 && jump[i] !== NO_JUMP) {
      let length = jumpBytes(jump[i] as number, distanceOf(code, addrs, i));
      if (padding) length = Math.max(length, lengths[i] as number);
      lengths[i] = length;
      jumpsBefore += length;
    }
    const addr = (starts[edge] as number) + jumpsBefore;
    if (addr !== addrs[edge]) changed = true;
    addrs[edge] = addr;
  }
  return changed;
}

/** All addresses, from lengths. */
function place({ count, starts, jumps }: Unsettled, addrs: Int32Array, lengths: Int32Array): void {
  let i = 0;
  let jumpsBefore = 0;
  for (let k = 0; k < jumps.count; k++) {
    const end = jumps.at(k);
    for (; i <= end; i++) addrs[i] = (starts[i] as number) + jumpsBefore;
    jumpsBefore += lengths[end] as number;
  }
  for (; i <= count; i++) addrs[i] = (starts[i] as number) + jumpsBefore;
}

/** A goto over nothing vanishes. */
function jumpBytes(kind: number, d: number): number {
  if (kind === GOTO_JUMP && d === 0) return 0;
  return isShortJump(d) ? SHORT_BYTES : (LONG_BYTES[kind] as number);
}
