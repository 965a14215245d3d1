/**
 * The random numbers of case i of a campaign, which follow from (seed, i) alone: whoever runs a case, and in
 * whatever order, makes the same one. The generator is sfc32 (C. Doty-Humphrey, PractRand), which starts in
 * constant time.
 *
 * As a fast-check generator its `jump` goes on to the next case, and fast-check jumps once before each value it
 * draws; so seed and path mean the same to a campaign and to
 * `fc.check(fc.property(bpfProgram(), …), { seed, path, randomType: campaignRandom })`.
 */
import * as fc from 'fast-check';

/** Rounds until every bit of the state depends on every bit of the seed. */
const WARM_UP = 12;

class CaseSource {
  readonly #seed: number;
  #index: number;
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(seed: number, index: number) {
    this.#seed = seed;
    this.#index = index;
    this.#start();
  }

  #start(): void {
    this.#a = this.#seed;
    this.#b = this.#index | 0;
    this.#c = Math.floor(this.#index / 0x1_0000_0000);
    this.#d = 1;
    for (let round = 0; round < WARM_UP; round++) this.next();
  }

  /** Signed 32 random bits. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t;
  }

  jump(): void {
    this.#index++;
    this.#start();
  }

  clone(): CaseSource {
    const copy = new CaseSource(this.#seed, this.#index);
    copy.#a = this.#a;
    copy.#b = this.#b;
    copy.#c = this.#c;
    copy.#d = this.#d;
    return copy;
  }

  getState(): readonly number[] {
    return [this.#seed, this.#index, this.#a, this.#b, this.#c, this.#d];
  }
}

/** fast-check's `randomType` that draws a campaign's cases, one a run. */
export const campaignRandom = (seed: number): CaseSource => new CaseSource(seed | 0, -1);

/** The random source of one case. Only the low 32 bits of the seed count, as in fast-check. */
export const caseRandom = (seed: number, index: number): fc.Random =>
  new fc.Random(new CaseSource(seed | 0, index));
