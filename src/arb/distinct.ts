/** Words and bytes that follow from a seed: full width, and no two words of one seed alike. */
import { Arena } from '../core/arena.ts';
import type { U64 } from '../core/u64.ts';

const halves = new Uint32Array(2);
const whole = new BigUint64Array(halves.buffer);

/** high << 32 | low, of the low 32 bits of each. */
export function wordOf(high: number, low: number): U64 {
  halves[0] = low;
  halves[1] = high;
  return whole[0] as U64;
}

/** Finaliser of MurmurHash3: a bijection of 32 bits. */
function fmix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return x ^ (x >>> 16);
}

const GOLDEN = 0x9e37_79b9;

/** 32 bits for number `k` of a stream, both below 65,536: all of one seed differ. */
export function distinct32(seed: number, stream: number, k: number): number {
  return fmix32((seed + Math.imul(stream * 0x1_0000 + k, GOLDEN)) | 0);
}

/** A word for number `k` of a stream: all of one seed differ in both halves. */
export function distinct64(seed: number, stream: number, k: number): U64 {
  const low = distinct32(seed, stream, k);
  return wordOf(fmix32(low + GOLDEN), low);
}

/** Of programs, which have few each. */
const BYTES = new Arena();

/** `size` bytes of a stream, and as many zeros as there shall be behind them. */
export function distinctBytes(seed: number, stream: number, size: number, zeros = 0): Uint8Array {
  const bytes = BYTES.zeros(size + zeros);
  const whole = size & ~3;
  for (let i = 0; i < whole; i += 4) {
    const word = distinct32(seed, stream, i / 4);
    bytes[i] = word;
    bytes[i + 1] = word >>> 8;
    bytes[i + 2] = word >>> 16;
    bytes[i + 3] = word >>> 24;
  }
  let word = distinct32(seed, stream, whole / 4);
  for (let i = whole; i < size; i++) {
    bytes[i] = word;
    word >>>= 8;
  }
  return bytes;
}
