/**
 * Lengths of jumps: the passes of Linux's `bpf_int_jit_compile()`, run over lengths instead of bytes.
 *
 * Every instruction starts as 64 bytes long; each pass takes the addresses of the one before it and picks the
 * short form of a jump where the distance fits, so the program shrinks until nothing changes. The short form is
 * taken in [-128, 123] only, as a distance can still grow by 4 (linux c8831bdbfbab). From pass 15 on a jump
 * that could shrink is padded with nops instead (linux 93c5aecc35c6): from then on lengths only grow, and a
 * jump has three lengths at most, so the passes end.
 */

import { scratchWords } from './scratch.ts';

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
  /** Offset of the end of entry i at [i + 1]; [0] is the end of the prologue. */
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

/** Of entries that end in a jump, as the pass before left them. */
const LENGTHS = scratchWords();

export function settle(code: Unsettled, distanceOf: typeof distance = distance): Settled {
  const addrs = estimate(code);
  const lengths = LENGTHS.take(code.count);
  for (let pass = 0; ; pass++) {
    if (!onePass(code, addrs, lengths, pass, distanceOf)) return { addrs, passes: pass + 1 };
  }
}

/** Distance a jump covers with these addresses. */
export function distance(code: Unsettled, addrs: Int32Array, i: number): number {
  if (code.jump[i] === EXIT_JUMP) return (addrs[code.epilogue] as number) - (addrs[i + 1] as number);
  if (code.jump[i] === GOTO_JUMP && code.target[i] === i) return SELF_JUMP;
  return (addrs[code.target[i] as number] as number) - (addrs[i + 1] as number);
}

function estimate({ count, slots }: Unsettled): Int32Array {
  const addrs = new Int32Array(count + 1);
  addrs[0] = FIRST_ESTIMATE;
  for (let i = 0; i < count; i++) addrs[i + 1] = (addrs[i] as number) + FIRST_ESTIMATE * (slots[i] as number);
  return addrs;
}

/** Updates `addrs` in place, in program order, as the kernel does. Returns whether anything changed. */
function onePass(
  code: Unsettled,
  addrs: Int32Array,
  lengths: Int32Array,
  pass: number,
  distanceOf: typeof distance,
): boolean {
  const { count, fixed, jump } = code;
  const padding = pass >= PADDING_FROM_PASS;
  let end = code.prologueBytes;
  let changed = addrs[0] !== end;
  addrs[0] = end;
  for (let i = 0; i < count; i++) {
    let length = fixed[i] as number;
    if (jump[i] !== NO_JUMP) {
      length += jumpBytes(jump[i] as number, distanceOf(code, addrs, i));
      if (padding) length = Math.max(length, lengths[i] as number);
      lengths[i] = length;
    }
    end += length;
    if (addrs[i + 1] !== end) {
      addrs[i + 1] = end;
      changed = true;
    }
  }
  return changed;
}

/** A goto over nothing vanishes. */
function jumpBytes(kind: number, d: number): number {
  if (kind === GOTO_JUMP && d === 0) return 0;
  return isShortJump(d) ? SHORT_BYTES : (LONG_BYTES[kind] as number);
}
