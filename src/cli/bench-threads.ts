/** What this machine lets two threads do: bare Unicorn in one thread, and in two at once. */
import { type Spread, spreadOf } from '../bench/rounds.ts';
import { WorkerThread } from './worker-thread.ts';

/** How many times one thread two threads are worth, over the rounds; the first, cold one apart. */
export async function twoThreads(cases: number, rounds: number): Promise<Spread> {
  const threads = [1, 2].map(() => new WorkerThread<null, number>('bench-worker', { cases }));
  try {
    const [one, two] = threads as [WorkerThread<null, number>, WorkerThread<null, number>];
    const taken: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const alone = await one.ask(null);
      const both = await Promise.all([one.ask(null), two.ask(null)]);
      taken.push(both.reduce((rate, ns) => rate + 1 / ns, 0) * alone);
    }
    return spreadOf(taken);
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}
