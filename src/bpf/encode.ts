/** Instructions to wire bytes: decode.ts backwards. RFC 9669 §3. */
import { high32 } from '../core/u64.ts';
import type { Insn, Slots } from './insn.ts';
import { putWords } from './insn-shape.ts';
import { uniform, uniformSlots } from './uniform.ts';

/** Bytes of the program, 8 a slot. */
export function encode(slots: Slots): Uint8Array {
  const words = encodeWords(slots);
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < words.length; k++) view.setInt32(4 * k, words[k] as number, true);
  return bytes;
}

/** The same as words of 32 bits, two a slot: opcode, dst, src and off; and imm. */
export function encodeWords(slots: Slots): Int32Array {
  const words = new Int32Array(slots.length * 2);
  writeAll(words, slots);
  return words;
}

/** Encodes programs one after the other, all into one block of memory. */
export class Encoder {
  #block = new Int32Array(1024);

  /** As {@link encodeWords}. They last until the next call. */
  encode(slots: Slots): Int32Array {
    const length = slots.length * 2;
    if (length > this.#block.length) this.#block = new Int32Array(2 * length);
    writeAll(this.#block, slots);
    return this.#block.subarray(0, length);
  }
}

function writeAll(words: Int32Array, slots: Slots): void {
  for (let pc = 0; pc < slots.length; pc++) {
    const insn = slots[pc];
    if (insn === undefined) writeHalf(words, 2 * pc, slots[pc - 1]);
    else if (!putWords(insn, words, 2 * pc)) writeOther(words, 2 * pc, insn);
  }
}

/** The second half of a wide instruction. */
function writeHalf(words: Int32Array, at: number, insn: Insn | undefined): void {
  words[at] = 0;
  words[at + 1] = insn?.kind === 'lddw' ? high32(insn.imm) : 0;
}

/** What is not of one shape: nothing of what is no instruction. */
function writeOther(words: Int32Array, at: number, insn: Insn): void {
  if (!putWords(uniform(insn), words, at)) words.fill(0, at, at + 2);
}

/** Opcode byte, dst, src, off, imm. */
type Fields = readonly [opcode: number, dst: number, src: number, off: number, imm: number];

/** The wire fields of an instruction (of the first slot, if it is wide). */
export function fields(insn: Insn): Fields {
  // What is asked of here has any shape; `writeAll` would remember each, and be slow with those of programs.
  const [head = 0, imm = 0] = encodeWords(uniformSlots([insn, undefined]));
  return [head & 0xff, (head >> 8) & 15, (head >> 12) & 15, head >> 16, imm];
}
