/** Memory of a generated program: its data sections with their contents, and addresses to use. */
import type { DataSection } from '../bpf/program.ts';
import { CTX_BASE, DATA_BASE, PAGE_SIZE } from '../core/layout.ts';
import { fromNumber, type U64 } from '../core/u64.ts';
import { distinctBytes } from './distinct.ts';
import type { MemoryRegion, ProgramSpec } from './spec.ts';

/** Displacements at the limits of an 8-bit one, and farther. */
const DISPLACEMENTS = [0, 0, 1, -1, 8, -8, 127, 128, -128, -129, 4096, -32768, 32767] as const;

/** Smallest region: every access size fits. */
export const MIN_REGION_BYTES = 8;
/** Streams of distinct.ts; functions have those of their index. */
const STREAM = { ctx: 0xfff0, data: 0xfff1, rodata: 0xfff2 } as const;
const RODATA_BASE = DATA_BASE + BigInt(2 * PAGE_SIZE);
/** As numbers, which addresses inside are soon computed with. */
const START = { ctx: Number(CTX_BASE), data: Number(DATA_BASE), rodata: Number(RODATA_BASE) } as const;

interface Range {
  readonly start: number;
  readonly size: number;
}

/** Context memory of a spec. */
export const contextOf = (spec: ProgramSpec): Uint8Array => distinctBytes(spec.seed, STREAM.ctx, spec.ctx);

/** Where the regions of a spec lie. */
export class Addresses {
  readonly #ctx: Range | undefined;
  readonly #data: Range;
  readonly #rodata: Range;
  readonly #spec: ProgramSpec;

  constructor(spec: ProgramSpec) {
    this.#spec = spec;
    this.#ctx = spec.ctx >= MIN_REGION_BYTES ? { start: START.ctx, size: spec.ctx } : undefined;
    this.#data = { start: START.data, size: Math.max(spec.data, MIN_REGION_BYTES) };
    this.#rodata = { start: START.rodata, size: Math.max(spec.rodata, MIN_REGION_BYTES) };
  }

  /** The region to use for an access; another one where it is missing or may not be written. */
  region(name: MemoryRegion, access: 'read' | 'write'): Range {
    if (name === 'ctx' && this.#ctx !== undefined) return this.#ctx;
    return name === 'rodata' && access === 'read' ? this.#rodata : this.#data;
  }

  displacement(choice: number): number {
    return DISPLACEMENTS[choice % DISPLACEMENTS.length] as number;
  }

  /** 8 bytes behind .data, one cell a function. */
  cell(functionIndex: number): U64 {
    return fromNumber(START.data + 8 * (Math.ceil(this.#data.size / 8) + functionIndex));
  }

  sections(): DataSection[] {
    const { seed, functions } = this.#spec;
    const { size } = this.#data;
    const cells = 8 * (Math.ceil(size / 8) + functions.length) - size;
    const bytes = distinctBytes(seed, STREAM.data, size, cells);
    const rodata = distinctBytes(seed, STREAM.rodata, this.#rodata.size);
    return [
      { name: '.data', address: DATA_BASE, bytes, writable: true },
      { name: '.rodata', address: RODATA_BASE, bytes: rodata, writable: false },
    ];
  }
}
