/** A worker of `mutants`: a thread with engines and cases of its own. Started by mutants-jobs.ts. */
import { workerData } from 'node:worker_threads';
import { type Answer, type Job, MutantWork, type WorkSetup } from './mutants-work.ts';
import { serve } from './worker-thread.ts';

const work = new MutantWork(workerData as WorkSetup);

serve<Job, Answer>((job) => work.do(job));
