/**
 * Copies of bytes, many of them small and kept together: they share blocks, for each ArrayBuffer of its own
 * costs the collector more than the bytes in it.
 */
const BLOCK_BYTES = 8192;

export class Arena {
  #block = new Uint8Array(0);
  #used = 0;

  /** A copy of bytes [start, end). */
  copy(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
    const size = end - start;
    if (this.#used + size > this.#block.length) {
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES, size));
      this.#used = 0;
    }
    const copy = this.#block.subarray(this.#used, this.#used + size);
    copy.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    this.#used += size;
    return copy;
  }
}
