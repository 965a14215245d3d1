/** Has jobs of `mutants` done: by processes, or for one worker in this one. */
import { type Answer, type Job, MutantWork, type WorkSetup } from './mutants-work.ts';
import { WorkerProcess } from './worker-process.ts';

export interface JobOptions {
  readonly workers: number;
  readonly setup: WorkSetup;
  /** Told after each job. */
  readonly onDone: (done: number, answer: Answer) => void;
}

interface Doer {
  readonly ask: (job: Job) => Promise<Answer>;
  readonly end: () => Promise<void>;
}

/** Does all jobs, each worker the next one when it is free. Rejects with what a worker failed with. */
export async function doJobs(jobs: readonly Job[], options: JobOptions): Promise<Answer[]> {
  const { workers, setup, onDone } = options;
  const doers =
    workers === 1 ? [here(setup)] : Array.from({ length: workers }, () => elsewhere(setup, workers));
  const waiting = jobs.values();
  const answers: Answer[] = [];
  const work = async ({ ask }: Doer): Promise<void> => {
    for (const job of waiting) {
      const answer = await ask(job);
      answers.push(answer);
      onDone(answers.length, answer);
    }
  };
  try {
    await Promise.all(doers.map(work));
    return answers;
  } finally {
    await Promise.all(doers.map(({ end }) => end()));
  }
}

function here(setup: WorkSetup): Doer {
  const work = new MutantWork(setup);
  return { ask: async (job) => work.do(job), end: async () => undefined };
}

function elsewhere(setup: WorkSetup, workers: number): Doer {
  const worker = new WorkerProcess<Job, Answer>(setup, { command: 'mutants', workers });
  return { ask: (job) => worker.ask(job), end: () => worker.terminate() };
}
