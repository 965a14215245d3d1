/**
 * Copies of bytes, many of them small and kept together: they share blocks, for each ArrayBuffer of its own
 * costs the collector more than the bytes in it.
 */
const BLOCK_BYTES = 8192;

/** So few take less time to copy than a view of them takes to make. */
const FEW_BYTES = 128;

const NO_BYTES = new Uint8Array();

export class Arena {
  #block = new Uint8Array(0);
  #used = 0;

  /** A copy of bytes [start, end). */
  copy(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
    const copy = this.zeros(end - start);
    if (copy.length === bytes.length) copy.set(bytes);
    else if (copy.length > FEW_BYTES) copy.set(bytes.subarray(start, end));
    else for (let i = start; i < end; i++) copy[i - start] = bytes[i] as number;
    return copy;
  }

  /** So many bytes, all 0. */
  zeros(size: number): Uint8Array {
    if (size === 0) return NO_BYTES;
    if (this.#used + size > this.#block.length) {
      if (size > BLOCK_BYTES / 4) return new Uint8Array(size);
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    this.#used += size;
    return this.#block.subarray(this.#used - size, this.#used);
  }
}
