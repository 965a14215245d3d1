/** What this machine lets two processes do: bare Unicorn in one, and in two at once. */
import { type Spread, spreadOf } from '../bench/rounds.ts';
import { WorkerProcess } from './worker-process.ts';

/** How many times one process two are worth, over the rounds; the first, cold one apart. */
export async function twoProcesses(cases: number, rounds: number): Promise<Spread> {
  const start = (): WorkerProcess<null, number> =>
    new WorkerProcess({ cases }, { command: 'bench', workers: 2 });
  const [one, two] = [start(), start()];
  try {
    const taken: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const alone = await one.ask(null);
      const both = await Promise.all([one.ask(null), two.ask(null)]);
      taken.push(both.reduce((rate, ns) => rate + 1 / ns, 0) * alone);
    }
    return spreadOf(taken);
  } finally {
    await Promise.all([one, two].map((worker) => worker.terminate()));
  }
}
