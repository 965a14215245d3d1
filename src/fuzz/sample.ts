/**
 * The cases of a campaign that have their calls taken out (oracle/vacuity.ts): which they are follows from seed and
 * number alone, whoever runs them.
 */

/** Of every so many cases one is in the sample; 0: none. */
export interface SampleRate {
  readonly vacuityEvery: number;
  /** The same from case EARLY_CASES on, where the shares hardly change any more. */
  readonly vacuityLater: number;
}

export const EARLY_CASES = 8192;

/** Where no other is asked for. */
export const SAMPLE_RATE: SampleRate = { vacuityEvery: 64, vacuityLater: 512 };

/** Of every so many cases another one: lanes take turns, too (lanes.ts), and each is to have its share. */
export function isSampled(index: number, seed: number, { vacuityEvery, vacuityLater }: SampleRate): boolean {
  const every = index < EARLY_CASES ? vacuityEvery : vacuityLater;
  return every > 0 && index % every === (seed + Math.floor(index / every)) % every;
}
