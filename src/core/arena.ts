/**
 * Copies of bytes, many of them small and kept together: they share blocks, for each ArrayBuffer of its own
 * costs the collector more than the bytes in it.
 */
const BLOCK_BYTES = 8192;

/** So few take less time to copy than a view of them takes to make. */
const FEW_BYTES = 128;

const NO_BYTES = new Uint8Array();

export class Arena {
  /** The block that is filled, and the same seen four bytes at once. */
  #block = new ArrayBuffer(0);
  #fours = new Int32Array(this.#block);
  #used = 0;

  /** A copy of bytes [start, end). */
  copy(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
    const copy = this.zeros(end - start);
    if (copy.length === bytes.length) copy.set(bytes);
    else if (copy.length > FEW_BYTES) copy.set(bytes.subarray(start, end));
    else for (let i = start; i < end; i++) copy[i - start] = bytes[i] as number;
    return copy;
  }

  /** A copy of the bytes from `start` on, both of them seen four at once; fewer than a block's. */
  copyFours(bytes: Int32Array, start: number): Uint8Array {
    const copy = this.zeros(4 * (bytes.length - start));
    const at = copy.byteOffset / 4 - start;
    for (let i = start; i < bytes.length; i++) this.#fours[at + i] = bytes[i] as number;
    return copy;
  }

  /** So many bytes, all 0. */
  zeros(size: number): Uint8Array {
    if (size === 0) return NO_BYTES;
    if (this.#used + size > this.#block.byteLength) {
      if (size > BLOCK_BYTES / 4) return new Uint8Array(size);
      this.#block = new ArrayBuffer(BLOCK_BYTES);
      this.#fours = new Int32Array(this.#block);
      this.#used = 0;
    }
    const start = this.#used;
    // Whole words, so that the next ones can be seen four at once.
    this.#used = (start + size + 7) & ~7;
    return new Uint8Array(this.#block, start, size);
  }
}
