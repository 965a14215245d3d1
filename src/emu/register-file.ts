/**
 * The register file in memory libunicorn can reach: one batch call moves all 17 words, where single calls
 * would cost six times as much.
 */
import koffi from 'koffi';
import type { U64 } from '../core/u64.ts';
import { REG_FILE_WORDS } from './engine.ts';
import { type Libunicorn, type Pointer, UC_X86_REG_FILE, UC_X86_REG_RIP } from './libunicorn.ts';
import type { RegisterAccess } from './unicorn-host.ts';

const WORD_BYTES = 8n;

/** Native buffers for reading and writing registers of any handle. */
export class RegisterFile implements RegisterAccess {
  readonly #lib: Libunicorn;
  /** Rip is behind the file. */
  readonly #words = new BigUint64Array(new ArrayBuffer((REG_FILE_WORDS + 1) * 8));
  readonly #file = this.#words.subarray(0, REG_FILE_WORDS);
  readonly #ids = Int32Array.of(...UC_X86_REG_FILE, UC_X86_REG_RIP);
  readonly #places = new BigUint64Array(new ArrayBuffer((REG_FILE_WORDS + 1) * 8));
  readonly #wordsAt: Pointer;
  readonly #idsAt: Pointer;
  readonly #placesAt: Pointer;

  constructor(lib: Libunicorn) {
    this.#lib = lib;
    this.#wordsAt = koffi.address(this.#words);
    this.#idsAt = koffi.address(this.#ids);
    this.#placesAt = koffi.address(this.#places);
    for (let i = 0; i <= REG_FILE_WORDS; i++) this.#places[i] = this.#wordsAt + WORD_BYTES * BigInt(i);
  }

  read(uc: Pointer, out: BigUint64Array): U64 {
    this.#lib.regReadBatch(uc, this.#idsAt, this.#placesAt, REG_FILE_WORDS + 1);
    out.set(this.#file);
    return this.#words[REG_FILE_WORDS] ?? 0n;
  }

  write(uc: Pointer, regs: BigUint64Array): void {
    this.#words.set(regs);
    this.#lib.regWriteBatch(uc, this.#idsAt, this.#placesAt, REG_FILE_WORDS);
  }

  /** One word of the register file. */
  readOne(uc: Pointer, index: number): U64 {
    this.#lib.regRead(uc, UC_X86_REG_FILE[index] ?? 0, this.#wordsAt);
    return this.#words[0] ?? 0n;
  }

  writeOne(uc: Pointer, index: number, value: U64): void {
    this.#words[0] = value;
    this.#lib.regWrite(uc, UC_X86_REG_FILE[index] ?? 0, this.#wordsAt);
  }
}
