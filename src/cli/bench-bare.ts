/** Bare Unicorn in processes of its own, begun as those of `fuzz` are: in one alone, and in two at once. */
import { type Spread, spreadOf } from '../bench/rounds.ts';
import type { BareFigures } from '../report/bench-report.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * Different images, run over and over. How many makes no difference from 320 to 20,000 (64.2 and 64.6 us a case,
 * medians of 7): each is translated anew whenever it is loaded, so that no cache is any the warmer.
 */
const IMAGES = 4096;
/** Passes over the images of which one is timed. */
const PASSES = [0, 1, 2];

type Bare = WorkerProcess<null, number>;

/** Nanoseconds a case. */
interface Round {
  readonly one: number;
  readonly two: number;
}

export class BareProcesses {
  readonly #one = start(1);
  readonly #two = [start(2), start(2)];
  readonly #rounds: Round[] = [];

  /** The cold round, then passes until each process has run so many cases. */
  async warmUp(cases: number): Promise<void> {
    await this.#round((passes) => passes[0]);
    const passes = Array.from({ length: Math.ceil(cases / IMAGES) });
    await Promise.all([this.#one, ...this.#two].flatMap((each) => passes.map(() => each.ask(null))));
  }

  /** The pass in the middle counts: what was there before is out of the caches, and the other process is busy, too. */
  round(): Promise<void> {
    return this.#round((passes) => passes[1]);
  }

  figures(): { readonly bare: BareFigures; readonly twoProcesses: Spread } {
    const spread = (of: (round: Round) => number): Spread => spreadOf(this.#rounds.map(of));
    return {
      bare: { images: IMAGES, one: spread(({ one }) => one), two: spread(({ two }) => two) },
      twoProcesses: spread(({ one, two }) => one / two),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#one, ...this.#two].map((each) => each.terminate()));
  }

  async #round(pick: (passes: readonly number[]) => number | undefined): Promise<void> {
    const timed = async (bare: Bare): Promise<number> =>
      pick(await Promise.all(PASSES.map(() => bare.ask(null)))) ?? Number.NaN;
    const one = await timed(this.#one);
    const both = await Promise.all(this.#two.map(timed));
    this.#rounds.push({ one, two: 1 / both.reduce((rate, ns) => rate + 1 / ns, 0) });
  }
}

const start = (workers: number): Bare => new WorkerProcess({ cases: IMAGES }, { command: 'bench', workers });
