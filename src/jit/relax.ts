/**
 * Lengths of jumps: the passes of Linux's `bpf_int_jit_compile()`, run over lengths instead of bytes.
 *
 * Every instruction starts as 64 bytes long; each pass takes the addresses of the one before it and picks the
 * short form of a jump where the distance fits, so the program shrinks until nothing changes. The short form is
 * taken in [-128, 123] only, as a distance can still grow by 4 (linux c8831bdbfbab). From pass 15 on a jump
 * that could shrink is padded with nops instead (linux 93c5aecc35c6): from then on lengths only grow, and a
 * jump has three lengths at most, so the passes end. All passes but the first go from jump to jump and target to
 * target alone.
 */

import { scratchBytes, scratchWords } from './scratch.ts';

/** How an entry ends. */
export const NO_JUMP = 0;
export const COND_JUMP = 1;
export const GOTO_JUMP = 2;
/** To the epilogue: every EXIT but the first. */
export const EXIT_JUMP = 3;

export interface Unsettled {
  readonly count: number;
  readonly prologueBytes: number;
  /** Bytes of each entry without its jump. */
  readonly fixed: Int32Array;
  /** NO_JUMP, COND_JUMP, GOTO_JUMP or EXIT_JUMP. */
  readonly jump: Uint8Array;
  /** Entry a jump goes to. */
  readonly target: Int32Array;
  /** Slots each entry takes (2 for a wide instruction): Linux estimates by slot. */
  readonly slots: Uint8Array;
  /** The entry that holds the epilogue, or -1. */
  readonly epilogue: number;
}

export interface Settled {
  /** Offset of the end of entry i at [i + 1]; [0] is the end of the prologue. Until the next code is settled. */
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
/** By entry, as the pass before left them. */
const LENGTHS = scratchWords();
const EDGES = scratchWords();
const IS_EDGE = scratchBytes();

export function settle(code: Unsettled, distanceOf: typeof distance = distance): Settled {
  const addrs = ADDRS.take(code.count + 1);
  const lengths = LENGTHS.take(code.count);
  estimate(code, addrs);
  if (!firstPass(code, addrs, lengths, distanceOf)) return { addrs, passes: 1 };
  const edges = edgesOf(code);
  let pass = 1;
  while (laterPass(code, addrs, lengths, edges, pass, distanceOf)) pass++;
  if (pass > 1) place(code, addrs, lengths);
  return { addrs, passes: pass + 1 };
}

/** Distance a jump covers with these addresses. */
export function distance(code: Unsettled, addrs: Int32Array, i: number): number {
  if (code.jump[i] === EXIT_JUMP) return (addrs[code.epilogue] as number) - (addrs[i + 1] as number);
  if (code.jump[i] === GOTO_JUMP && code.target[i] === i) return SELF_JUMP;
  return (addrs[code.target[i] as number] as number) - (addrs[i + 1] as number);
}

function estimate({ count, slots }: Unsettled, addrs: Int32Array): void {
  let end = FIRST_ESTIMATE;
  addrs[0] = end;
  for (let i = 0; i < count; i++) {
    end += FIRST_ESTIMATE * (slots[i] as number);
    addrs[i + 1] = end;
  }
}

/** Updates `addrs` in place, in program order, as the kernel does. Returns whether anything changed. */
function firstPass(
  code: Unsettled,
  addrs: Int32Array,
  lengths: Int32Array,
  distanceOf: typeof distance,
): boolean {
  const { count, fixed, jump, prologueBytes } = code;
  let end = prologueBytes;
  let changed = addrs[0] !== end;
  addrs[0] = end;
  for (let i = 0; i < count; i++) {
    let length = fixed[i] as number;
    if (jump[i] !== NO_JUMP) length += jumpBytes(jump[i] as number, distanceOf(code, addrs, i));
    lengths[i] = length;
    end += length;
    if (addrs[i + 1] !== end) changed = true;
    addrs[i + 1] = end;
  }
  return changed;
}

/** Entries whose addresses later passes look at: where jumps end and where they go, in program order. */
interface Edges {
  readonly at: Int32Array;
  readonly count: number;
}

function edgesOf({ count, jump, target, epilogue }: Unsettled): Edges {
  const isEdge = IS_EDGE.take(count + 1).fill(0, 0, count + 1);
  for (let i = 0; i < count; i++) {
    if (jump[i] === NO_JUMP) continue;
    isEdge[i + 1] = 1;
    isEdge[jump[i] === EXIT_JUMP ? epilogue : (target[i] as number)] = 1;
  }
  const at = EDGES.take(count + 1);
  let found = 0;
  for (let i = 0; i <= count; i++) if (isEdge[i] === 1) at[found++] = i;
  return { at, count: found };
}

/** As the first one, over edges alone: what lies between two of them moves with the first. */
function laterPass(
  code: Unsettled,
  addrs: Int32Array,
  lengths: Int32Array,
  edges: Edges,
  pass: number,
  distanceOf: typeof distance,
): boolean {
  const { fixed, jump } = code;
  const padding = pass >= PADDING_FROM_PASS;
  let moved = 0;
  let changed = false;
  for (let k = 0; k < edges.count; k++) {
    const edge = edges.at[k] as number;
    const i = edge - 1;
    if (i >= 0 && jump[i] !== NO_JUMP) {
      const old = lengths[i] as number;
      let length = (fixed[i] as number) + jumpBytes(jump[i] as number, distanceOf(code, addrs, i));
      if (padding) length = Math.max(length, old);
      lengths[i] = length;
      moved += length - old;
    }
    if (moved === 0) continue;
    addrs[edge] = (addrs[edge] as number) + moved;
    changed = true;
  }
  return changed;
}

/** All addresses, from lengths. */
function place({ count, prologueBytes }: Unsettled, addrs: Int32Array, lengths: Int32Array): void {
  let end = prologueBytes;
  for (let i = 0; i < count; i++) {
    end += lengths[i] as number;
    addrs[i + 1] = end;
  }
}

/** A goto over nothing vanishes. */
function jumpBytes(kind: number, d: number): number {
  if (kind === GOTO_JUMP && d === 0) return 0;
  return isShortJump(d) ? SHORT_BYTES : (LONG_BYTES[kind] as number);
}
