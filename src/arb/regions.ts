/** Memory of a generated program: its data sections with their contents, and addresses to use. */
import type { DataSection } from '../bpf/program.ts';
import { CTX_BASE, DATA_BASE, PAGE_SIZE } from '../core/layout.ts';
import { type U64, u64 } from '../core/u64.ts';
import type { ProgramSpec } from './spec.ts';

/** Displacements at the limits of an 8-bit one, and farther. */
const DISPLACEMENTS = [0, 0, 1, -1, 8, -8, 127, 128, -128, -129, 4096, -32768, 32767] as const;

/** Smallest region: every access size fits. */
const MIN_BYTES = 8;

/** A word that depends on three numbers; full width, no two alike in a program. (splitmix64) */
export function mix64(seed: number, a: number, b: number): U64 {
  let z = u64((BigInt(seed >>> 0) << 32n) + BigInt(a * 65536 + b + 1) * 0x9e37_79b9_7f4a_7c15n);
  z = u64((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  z = u64((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return z ^ (z >> 31n);
}

/** `size` bytes that follow from a seed. */
export function bytesOf(seed: number, stream: number, size: number): Uint8Array {
  const words = new BigUint64Array(Math.ceil(size / 8));
  for (let k = 0; k < words.length; k++) words[k] = mix64(seed, stream, k);
  return new Uint8Array(words.buffer, 0, size);
}

interface Range {
  readonly address: U64;
  readonly size: number;
}

export class Addresses {
  readonly #ctx: Range | undefined;
  readonly #data: Range;
  readonly #rodata: Range;
  readonly #spec: ProgramSpec;

  constructor(spec: ProgramSpec) {
    this.#spec = spec;
    this.#ctx = spec.ctx >= MIN_BYTES ? { address: CTX_BASE, size: spec.ctx } : undefined;
    this.#data = { address: DATA_BASE, size: Math.max(spec.data, MIN_BYTES) };
    this.#rodata = { address: DATA_BASE + BigInt(2 * PAGE_SIZE), size: Math.max(spec.rodata, MIN_BYTES) };
  }

  /** The region to use for an access; another one where it is missing or may not be written. */
  region(name: 'ctx' | 'stack' | 'data' | 'rodata', write: boolean): Range {
    if (name === 'ctx' && this.#ctx !== undefined) return this.#ctx;
    return name === 'rodata' && !write ? this.#rodata : this.#data;
  }

  displacement(choice: number): number {
    return DISPLACEMENTS[choice % DISPLACEMENTS.length] as number;
  }

  /** 8 bytes behind .data, one cell a function. */
  cell(functionIndex: number): U64 {
    return this.#data.address + BigInt(Math.ceil(this.#data.size / 8) * 8 + 8 * functionIndex);
  }

  sections(): DataSection[] {
    const { seed, functions } = this.#spec;
    const data = new Uint8Array(Number(this.cell(functions.length) - this.#data.address));
    data.set(bytesOf(seed, 0xda7a, this.#data.size));
    return [
      { name: '.data', address: this.#data.address, bytes: data, writable: true },
      {
        name: '.rodata',
        address: this.#rodata.address,
        bytes: bytesOf(seed, 0x20, this.#rodata.size),
        writable: false,
      },
    ];
  }
}
