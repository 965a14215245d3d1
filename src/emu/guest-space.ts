/**
 * The guest's address space as the engine keeps it: which regions there are, the bytes behind them, and what
 * has been loaded where.
 */
import { badInput } from '../core/errors.ts';
import { PAGE_SIZE } from '../core/layout.ts';
import { hex, type U64 } from '../core/u64.ts';
import type { Region } from './engine.ts';

const INT3 = 0xcc;
/** Every engine can address this much. */
const ADDRESS_LIMIT = 1n << 47n;

/** Where code was put: the bytes whose translations are stale now. */
export interface LoadedRange {
  readonly address: U64;
  readonly size: number;
}

/** Memory of a guest; `bytes` is to be asked for again after each run. */
export interface GuestBytes {
  readonly bytes: Uint8Array;
}

/** A region and the memory behind it. */
export class Mapped {
  readonly region: Region;
  readonly memory: GuestBytes;
  /** Addresses below ADDRESS_LIMIT are exact as numbers. */
  readonly start: number;
  readonly end: number;

  constructor(region: Region, memory: GuestBytes) {
    this.region = region;
    this.memory = memory;
    this.start = Number(region.address);
    this.end = this.start + region.size;
  }

  /** Those of `memory` now. */
  get bytes(): Uint8Array {
    return this.memory.bytes;
  }
}

export class GuestSpace {
  readonly #allocate: (size: number) => GuestBytes;
  readonly #mapped: Mapped[] = [];
  /** Bytes of the latest load at each address. */
  readonly #loads = new Map<number, number>();
  #latest: Mapped | undefined;
  #canChangeCode = false;

  /** `allocate` yields the zeros behind a region. */
  constructor(allocate: (size: number) => GuestBytes) {
    this.#allocate = allocate;
  }

  get mapped(): readonly Mapped[] {
    return this.#mapped;
  }

  /** The region code was last loaded into, if it is still there. */
  get latest(): Mapped | undefined {
    return this.#latest;
  }

  /** Whether stores may change code. */
  get canChangeCode(): boolean {
    return this.#canChangeCode;
  }

  /** Adds a region of zeros. Throws an `input` error if it is not whole pages or is not free. */
  add(region: Region): Mapped {
    checkShape(region);
    const clash = this.#mapped.find(({ region: other }) => overlap(region, other));
    if (clash !== undefined) {
      throw badInput('map', `${region.name} at ${hex(region.address)}`, `${clash.region.name} is there`);
    }
    const mapped = new Mapped(region, this.#allocate(region.size));
    this.#mapped.push(mapped);
    this.#canChangeCode = this.#mapped.some(isChangeableCode);
    return mapped;
  }

  /** Takes a region out. Throws an `input` error if it is not there. */
  remove(region: Region): Mapped {
    const index = this.#mapped.findIndex(({ region: other }) => other.address === region.address);
    const [mapped] = index < 0 ? [] : this.#mapped.splice(index, 1);
    if (mapped === undefined)
      throw badInput('unmap', `${region.name} at ${hex(region.address)}`, 'not mapped');
    if (mapped === this.#latest) this.#latest = undefined;
    this.#canChangeCode = this.#mapped.some(isChangeableCode);
    for (const start of this.#loads.keys()) {
      if (start >= mapped.start && start < mapped.end) this.#loads.delete(start);
    }
    return mapped;
  }

  /** Writes code; what was longer before it ends in int3. */
  load(address: U64, code: Uint8Array): LoadedRange {
    const holder = this.#holding(address, code.length);
    const { region, bytes, start } = holder;
    if (!region.perms.includes('x')) {
      throw badInput('load', hex(address), `${region.name} is not executable (${region.perms})`);
    }
    const at = Number(address);
    const offset = at - start;
    const size = Math.min(Math.max(code.length, this.#loads.get(at) ?? 0), region.size - offset);
    bytes.set(code, offset);
    if (size > code.length) bytes.fill(INT3, offset + code.length, offset + size);
    this.#loads.set(at, code.length);
    this.#latest = holder;
    return { address, size };
  }

  /** A view of mapped bytes from `address` on: `size` of them, or as many as the region has; else none. */
  bytes(address: U64, size: number): Uint8Array {
    const mapped = this.at(address);
    if (mapped === undefined) return new Uint8Array(0);
    const offset = Number(address) - mapped.start;
    return mapped.bytes.subarray(offset, offset + size);
  }

  /** What is mapped there. */
  at(address: U64): Mapped | undefined {
    const at = Number(address);
    return this.#mapped.find(({ start, end }) => at >= start && at < end);
  }

  #holding(address: U64, size: number): Mapped {
    const at = Number(address);
    const holder = this.#mapped.find(({ start, end }) => at >= start && at + size <= end);
    if (holder === undefined) {
      throw badInput('load', hex(address), `no region holds these ${size} bytes; map one first`);
    }
    return holder;
  }
}

function checkShape({ name, address, size }: Region): void {
  const where = `${name} at ${hex(address)}`;
  if (size <= 0 || size % PAGE_SIZE !== 0 || address % BigInt(PAGE_SIZE) !== 0n) {
    throw badInput('map', where, `address and size (${size}) must be multiples of ${PAGE_SIZE}`);
  }
  if (address < 0n || address + BigInt(size) > ADDRESS_LIMIT) {
    throw badInput('map', where, 'regions must lie below 2^47');
  }
}

const isChangeableCode = ({ region: { perms } }: Mapped): boolean =>
  perms.includes('w') && perms.includes('x');

export const overlap = (a: Region, b: Region): boolean =>
  a.address < b.address + BigInt(b.size) && b.address < a.address + BigInt(a.size);
