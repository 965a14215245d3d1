/**
 * The random numbers of case i of a campaign, which follow from (seed, i) alone: whoever runs a case, and in
 * whatever order, makes the same one.
 *
 * As a fast-check generator its `jump` goes on to the next case, and fast-check jumps once before each value it
 * draws; so seed and path mean the same to a campaign and to
 * `fc.check(fc.property(bpfProgram(), …), { seed, path, randomType: campaignRandom })`.
 */
import * as fc from 'fast-check';
import { Draw } from '../arb/draw.ts';
import { Sfc32 } from '../arb/sfc32.ts';

class CaseSource {
  readonly #seed: number;
  #index: number;
  #random: Sfc32;

  constructor(seed: number, index: number, random: Sfc32 = startOf(seed, index)) {
    this.#seed = seed;
    this.#index = index;
    this.#random = random;
  }

  /** Signed 32 random bits. */
  next(): number {
    return this.#random.next();
  }

  jump(): void {
    this.#index++;
    this.#random = startOf(this.#seed, this.#index);
  }

  clone(): CaseSource {
    return new CaseSource(this.#seed, this.#index, this.#random.clone());
  }

  getState(): readonly number[] {
    return [this.#seed, this.#index, ...this.#random.getState()];
  }
}

const startOf = (seed: number, index: number): Sfc32 =>
  new Sfc32(seed, index | 0, Math.floor(index / 0x1_0000_0000));

/** fast-check's `randomType` that draws a campaign's cases, one a run. */
export const campaignRandom = (seed: number): CaseSource => new CaseSource(seed | 0, -1);

/** The choices of one case: those that an arbitrary of one drawing function makes with `caseRandom`. */
export function caseDraw(seed: number, index: number): Draw {
  const random = startOf(seed | 0, index);
  return new Draw(() => random.next());
}

/** The random source of one case. Only the low 32 bits of the seed count, as in fast-check. */
export const caseRandom = (seed: number, index: number): fc.Random =>
  new fc.Random(new CaseSource(seed | 0, index));
