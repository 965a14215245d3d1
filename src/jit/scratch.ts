/**
 * Buffers kept from one subprog to the next: making one anew costs more than what most programs put into it. They
 * grow to the largest subprog. Whoever takes one finds anything in it, and has it until the next one takes it.
 */
const LEAST = 1024;

export interface Scratch<T> {
  /** The buffer, at least so long. */
  readonly take: (length: number) => T;
}

function scratch<T extends { readonly length: number }>(make: (length: number) => T): Scratch<T> {
  let buffer = make(LEAST);
  return {
    take: (length) => {
      if (buffer.length < length) buffer = make(2 * length);
      return buffer;
    },
  };
}

export const scratchWords = (): Scratch<Int32Array> => scratch((length) => new Int32Array(length));
export const scratchBytes = (): Scratch<Uint8Array> => scratch((length) => new Uint8Array(length));

/** A list of numbers, kept as buffers are. */
export class ScratchList {
  #items = new Int32Array(LEAST);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  push(item: number): void {
    if (this.#count === this.#items.length) {
      const items = new Int32Array(2 * this.#count);
      items.set(this.#items);
      this.#items = items;
    }
    this.#items[this.#count++] = item;
  }

  at(index: number): number {
    return this.#items[index] as number;
  }
}
