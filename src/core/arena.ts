/**
 * Copies of bytes, many of them small and kept together: they share blocks, for each ArrayBuffer of its own
 * costs the collector more than the bytes in it.
 */
const BLOCK_BYTES = 32_768;

/** So few take less time to copy than a view of them takes to make. */
const FEW_BYTES = 128;

const NO_BYTES = new Uint8Array();

export class Arena {
  /** The block that is filled, none at first, and the same seen eight and four bytes at once. */
  #block = new ArrayBuffer(0);
  #eights = new BigUint64Array(this.#block);
  #halves = new Uint32Array(this.#block);
  #used = BLOCK_BYTES;

  /** A copy of bytes [start, end). */
  copy(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
    const copy = this.zeros(end - start);
    if (copy.length === bytes.length) copy.set(bytes);
    else if (copy.length > FEW_BYTES) copy.set(bytes.subarray(start, end));
    else for (let i = start; i < end; i++) copy[i - start] = bytes[i] as number;
    return copy;
  }

  /** `known` if it is the same as bytes [start, end), else a copy of them. */
  copyUnless(known: Uint8Array | undefined, bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (known?.length !== end - start) return this.copy(bytes, start, end);
    for (let i = 0; i < known.length; i++)
      if (known[i] !== bytes[start + i]) return this.copy(bytes, start, end);
    return known;
  }

  /** A copy of bytes that are seen eight at once, from `start` on: whole words, and fewer than a block has. */
  copyEights(bytes: BigUint64Array, start: number): Uint8Array {
    const end = bytes.length;
    const copy = this.zeros(8 * (end - start));
    const eights = this.#eights;
    const at = (this.#used >> 3) - end;
    for (let i = start; i < end; i++) eights[at + i] = bytes[i] as bigint;
    return copy;
  }

  /** The block that the last of `copyEights` is in, four bytes at once. */
  get halves(): Uint32Array {
    return this.#halves;
  }

  /** Index in `halves` where that copy ends. */
  get halvesEnd(): number {
    return this.#used >> 2;
  }

  /** So many bytes, all 0. */
  zeros(size: number): Uint8Array {
    if (size === 0) return NO_BYTES;
    if (this.#used + size > BLOCK_BYTES) {
      if (size > BLOCK_BYTES / 4) return new Uint8Array(size);
      this.#block = new ArrayBuffer(BLOCK_BYTES);
      this.#eights = new BigUint64Array(this.#block);
      this.#halves = new Uint32Array(this.#block);
      this.#used = 0;
    }
    const start = this.#used;
    // Whole words, so that the next ones can be seen eight at once.
    this.#used = (start + size + 7) & ~7;
    return new Uint8Array(this.#block, start, size);
  }
}
