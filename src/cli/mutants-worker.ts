/** A worker of `mutants`: a process with engines and cases of its own. Started by mutants-jobs.ts. */
import { endWithParent } from '../jits/posix.ts';
import { type Answer, type Job, MutantWork, type WorkSetup } from './mutants-work.ts';
import { serve } from './worker-serve.ts';

endWithParent();
serve<WorkSetup, Job, Answer>(async (setup) => {
  const work = new MutantWork(setup);
  return (job) => work.do(job);
});
