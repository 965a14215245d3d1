/**
 * Code as one row of instructions, from its first byte to its last, as far as lengths tell: a tenth of the work of
 * decoding them.
 */
import { insnLayout } from '../x86/insn-length.ts';
import { plainLength } from '../x86/plain-length.ts';

/** SDM 2A §2.3.11. */
export const MAX_INSN_BYTES = 15;
/** First byte of opcodes of two bytes. */
export const TWO_BYTES = 0x0f;
export const LOCK = 0xf0;

export interface InsnRow {
  /** 1 where an instruction starts. Good until the next row is made. */
  readonly starts: Uint8Array;
  /** Where direct branches lead, within the code and beyond, and other entries. */
  readonly targets: readonly number[];
}

/**
 * Null unless all of it is instructions of known lengths, and direct branches go from one to another. `entries`: offsets
 * it is entered at otherwise. `isRefused`: asked of instructions that are none of the usual ones.
 */
export function insnRow(
  code: Uint8Array,
  entries: readonly number[],
  isRefused: (at: number) => boolean,
): InsnRow | null {
  const starts = noStarts(code.length);
  const targets = entries.slice();
  let at = 0;
  while (at < code.length) {
    starts[at] = 1;
    // None of these is a branch.
    const length = usualLength(code, at);
    if (length > 0) {
      at += length;
      continue;
    }
    const size = displacementBytes(code, at);
    if (size !== 0) {
      at += (code[at] === TWO_BYTES ? 2 : 1) + size;
      if (at > code.length) return null;
      targets.push(at + displacement(code, at - size, size));
      continue;
    }
    const layout = insnLayout(code.subarray(at, at + MAX_INSN_BYTES));
    if (layout === undefined || !layout.movable || isRefused(at)) return null;
    at += layout.length;
  }
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i] as number;
    if (target >= 0 && target < code.length && starts[target] !== 1) return null;
  }
  return { starts, targets };
}

/** Bytes of a plain instruction, locked or not; 0 for any other. */
export function usualLength(code: Uint8Array, at: number): number {
  if (code[at] !== LOCK || at + 1 === code.length) return plainLength(code, at);
  const length = plainLength(code, at + 1);
  return length === 0 ? 0 : length + 1;
}

/** Where instructions start, for one row at a time: to make one costs as much as a fifth of the look. */
let startsOfRow = new Uint8Array(1024);

function noStarts(length: number): Uint8Array {
  if (startsOfRow.length < length) startsOfRow = new Uint8Array(2 * length);
  else startsOfRow.fill(0, 0, length);
  return startsOfRow;
}

/** Of a direct branch without prefixes; 0 if it is none. */
function displacementBytes(code: Uint8Array, at: number): 0 | 1 | 4 {
  const [first = 0, second = 0] = [code[at], code[at + 1]];
  if ((first >= 0x70 && first <= 0x7f) || first === 0xeb) return 1;
  if (first === 0xe8 || first === 0xe9 || (first === 0x0f && second >= 0x80 && second <= 0x8f)) return 4;
  return 0;
}

/** Signed, of 1 or 4 bytes. */
export function displacement(code: Uint8Array, at: number, size: 1 | 4): number {
  if (size === 1) return ((code[at] as number) << 24) >> 24;
  const low = (code[at] as number) | ((code[at + 1] as number) << 8);
  return low | ((code[at + 2] as number) << 16) | ((code[at + 3] as number) << 24);
}
