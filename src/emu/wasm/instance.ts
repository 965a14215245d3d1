/** One instance of unicorn.js: what it keeps in its memory for us, and the calls that need more than passing on. */
import type { U64 } from '../../core/u64.ts';
import { REG_FILE_WORDS } from '../engine.ts';
import { UC_ERR_OK, UC_X86_REG_FILE, UC_X86_REG_RIP } from '../libunicorn.ts';
import type { UnicornModule } from './unicorn-js.ts';

/** Regions start at multiples of this. */
const PAGE = 0x1000;
const POINTER_BYTES = 4;
/** A register file, then rip. */
const WORDS = REG_FILE_WORDS + 1;

/** Regions of a handle: what mapping them anew takes. */
interface MappedAt {
  readonly size: number;
  readonly perms: number;
  readonly at: number;
}

export class Instance {
  readonly module: UnicornModule;
  /** Room for one pointer, and for variable arguments. */
  readonly scratch: number;
  readonly #ids: number;
  readonly #places: number;
  readonly #words: number;
  readonly #regions = new Map<number, Map<U64, MappedAt>>();
  /** What malloc gave, by the address that was made of it. */
  readonly #blocks = new Map<number, number>();
  #isLost = false;
  #wideSizes = true;

  constructor(module: UnicornModule) {
    this.module = module;
    this.scratch = this.allocate(64, 8);
    this.#ids = this.allocate(4 * WORDS, 8);
    this.#places = this.allocate(POINTER_BYTES * WORDS, 8);
    this.#words = this.allocate(8 * WORDS, 8);
    const view = this.view();
    [...UC_X86_REG_FILE, UC_X86_REG_RIP].forEach((id, i) => {
      view.setInt32(this.#ids + 4 * i, id, true);
      view.setUint32(this.#places + POINTER_BYTES * i, this.#words + 8 * i, true);
    });
  }

  /** It crashed: nothing of it may be used but its memory. */
  get isLost(): boolean {
    return this.#isLost;
  }

  lose(): void {
    this.#isLost = true;
  }

  view(): DataView {
    return new DataView(this.module.HEAPU8.buffer);
  }

  bytes(at: number, size: number): Uint8Array {
    return this.module.HEAPU8.subarray(at, at + size);
  }

  /** Address of so many zeros; 0 when its memory is full. */
  allocate(size: number, alignment: 8 | typeof PAGE = PAGE): number {
    const block = this.module._malloc(size + alignment);
    if (block === 0) return 0;
    const at = Math.ceil(block / alignment) * alignment;
    this.#blocks.set(at, block);
    this.bytes(at, size).fill(0);
    return at;
  }

  free(at: number): void {
    const block = this.#blocks.get(at);
    if (block !== undefined) this.module._free(block);
    this.#blocks.delete(at);
  }

  /** The register file and rip of a handle, as they are in its memory after `readRegs`. */
  regs(): BigUint64Array {
    return new BigUint64Array(this.module.HEAPU8.buffer, this.#words, WORDS);
  }

  readRegs(uc: number): void {
    this.module._uc_reg_read_batch(uc, this.#ids, this.#places, WORDS);
  }

  /** Writes the register file; not rip, which would end the run. */
  writeRegs(uc: number): void {
    this.module._uc_reg_write_batch(uc, this.#ids, this.#places, REG_FILE_WORDS);
  }

  /** One word of the register file. */
  writeReg(uc: number, index: number): void {
    const [id, place] = [this.#ids + 4 * index, this.#places + POINTER_BYTES * index];
    this.module._uc_reg_write_batch(uc, id, place, 1);
  }

  map(uc: number, address: U64, size: number, perms: number, at: number): number {
    const regions = this.#regions.get(uc) ?? new Map<U64, MappedAt>();
    this.#regions.set(uc, regions);
    regions.set(address, { size, perms, at });
    return this.#sized(size, (wide) => this.module._uc_mem_map_ptr(uc, address, wide, perms, at));
  }

  unmap(uc: number, address: U64, size: number): number {
    this.#regions.get(uc)?.delete(address);
    return this.#sized(size, (wide) => this.module._uc_mem_unmap(uc, address, wide));
  }

  /** Drops translations by mapping anew what holds them: for builds without uc_ctl. */
  remap(uc: number, address: U64): number {
    for (const [start, { size, perms, at }] of this.#regions.get(uc) ?? []) {
      if (address < start || address >= start + BigInt(size)) continue;
      return this.unmap(uc, start, size) || this.map(uc, start, size, perms, at);
    }
    return UC_ERR_OK;
  }

  /** A handle is gone. */
  forget(uc: number): void {
    this.#regions.delete(uc);
  }

  /** Sizes are of 64 bits in some versions, of 32 in others; the other kind is a TypeError, before anything is done. */
  #sized(size: number, call: (size: number | bigint) => number): number {
    try {
      return call(this.#wideSizes ? BigInt(size) : size);
    } catch (error) {
      if (!(error instanceof TypeError) || !this.#wideSizes) throw error;
      this.#wideSizes = false;
      return call(size);
    }
  }
}
