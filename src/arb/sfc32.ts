/** sfc32, a small fast generator that starts in constant time (C. Doty-Humphrey, PractRand). */

/** Steps after which every bit of the seed has reached every bit of the state. */
const WARM_UP = 12;

export class Sfc32 {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** 96 bits of seed, as three integers of 32. */
  constructor(a: number, b: number, c: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#skip(WARM_UP);
  }

  /** As so many calls of `next`, with all of the state in registers. */
  #skip(steps: number): void {
    let [a, b, c] = [this.#a, this.#b, this.#c];
    const end = (this.#counter + steps) | 0;
    for (let counter = this.#counter; counter !== end; counter = (counter + 1) | 0) {
      const sum = (((a + b) | 0) + counter) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = end;
  }

  /** 32 random bits, signed. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  clone(): Sfc32 {
    const copy = new Sfc32(0, 0, 0);
    copy.#a = this.#a;
    copy.#b = this.#b;
    copy.#c = this.#c;
    copy.#counter = this.#counter;
    return copy;
  }

  getState(): readonly number[] {
    return [this.#a, this.#b, this.#c, this.#counter];
  }
}
