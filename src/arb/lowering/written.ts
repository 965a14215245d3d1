/**
 * Stack bytes that have been written, one bit a byte: bit k is the byte at r10 - 1 - k. Accesses are aligned to
 * their size, so none crosses a word of the set.
 */
export class Written {
  readonly #words: number[];

  constructor(words: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) {
    this.#words = words;
  }

  /** Whether all of [r10 + off, r10 + off + size) has been written. */
  has(off: number, size: number): boolean {
    const mask = maskOf(off, size);
    return ((this.#words[wordOf(off, size)] as number) & mask) === mask;
  }

  add(off: number, size: number): void {
    const word = wordOf(off, size);
    this.#words[word] = (this.#words[word] as number) | maskOf(off, size);
  }

  /** Only what both have. */
  keepCommon(other: Written): void {
    for (let k = 0; k < this.#words.length; k++)
      this.#words[k] = (this.#words[k] as number) & (other.#words[k] as number);
  }

  copy(): Written {
    return new Written(this.bits());
  }

  /** A copy of the set. */
  protected bits(): number[] {
    return this.#words.slice();
  }
}

const wordOf = (off: number, size: number): number => (-off - size) >> 5;
const maskOf = (off: number, size: number): number => ((1 << size) - 1) << ((-off - size) & 31);
