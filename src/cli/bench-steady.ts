/** What settles, in processes of its own that are begun as those of `fuzz` are: in one alone, and in two at once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Spread, spreadOf } from '../bench/rounds.ts';
import type { SteadyFigures } from '../report/bench-report.ts';
import type { SteadySetup } from './bench-worker.ts';
import { WorkerProcess } from './worker-process.ts';

/** Passes over the cases of which one is timed. */
const PASSES = [0, 1, 2];

/** Nanoseconds a case. */
type Steady = WorkerProcess<null, number>;

interface Round {
  readonly one: number;
  readonly two: number;
}

export class SteadyProcesses {
  readonly #cases: number;
  /** Where they note what they run. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-bench-'));
  readonly #one: Steady;
  readonly #two: readonly Steady[];
  readonly #rounds: Round[] = [];

  constructor(setup: Omit<SteadySetup, 'runningFile'>) {
    const start = (name: string, workers: number): Steady => {
      const runningFile = join(this.#folder, name);
      return new WorkerProcess({ ...setup, runningFile } satisfies SteadySetup, {
        command: 'bench',
        workers,
      });
    };
    this.#cases = setup.cases;
    this.#one = start('one', 1);
    this.#two = [start('first of two', 2), start('second of two', 2)];
  }

  /** The cold round, then passes until each process has run so many cases. */
  async warmUp(cases: number): Promise<void> {
    await this.#round((passes) => passes[0]);
    const passes = Array.from({ length: Math.ceil(cases / this.#cases) });
    await Promise.all([this.#one, ...this.#two].flatMap((each) => passes.map(() => each.ask(null))));
  }

  /** The pass in the middle counts: what was there before is out of the caches, and the other process is busy, too. */
  round(): Promise<void> {
    return this.#round((passes) => passes[1]);
  }

  figures(): SteadyFigures {
    const spread = (of: (round: Round) => number): Spread => spreadOf(this.#rounds.map(of));
    return {
      cases: this.#cases,
      one: spread(({ one }) => one),
      two: spread(({ two }) => two),
      twoToOne: spread(({ one, two }) => one / two),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#one, ...this.#two].map((each) => each.terminate()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #round(pick: (passes: readonly number[]) => number | undefined): Promise<void> {
    const timed = async (steady: Steady): Promise<number> =>
      pick(await Promise.all(PASSES.map(() => steady.ask(null)))) ?? Number.NaN;
    const one = await timed(this.#one);
    const both = await Promise.all(this.#two.map(timed));
    this.#rounds.push({ one, two: 1 / both.reduce((rate, ns) => rate + 1 / ns, 0) });
  }
}
