/** A worker of `fuzz`: a process with a shard and an engine of its own. Started by fuzz-pool.ts. */
import { Checker } from '../checker.ts';
import { prepareEngines } from '../emu/engines.ts';
import { Shard } from '../fuzz/shard.ts';
import { FIRST_JIT, type Job, type Reply, STOP, type WorkerSetup } from './fuzz-pool.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { closeJits, noteChildren } from './open-jits.ts';
import { RunningFile } from './running-file.ts';
import { SharedWords } from './shared-words.ts';
import { WORDS_FD } from './worker-process.ts';
import { serve } from './worker-serve.ts';

/** Milliseconds between looks at whether anybody waits for what is done here: a look takes longer than the clock. */
const LOOK_EVERY = 50;
/** Cases, as often as each is noted, between looks at the clock: a power of two. */
const CLOCK_EVERY = 8;

const parent = process.ppid;
let looked = 0;
let noted = 0;
const words = new SharedWords(WORDS_FD);
noteChildren((slot, group) => words.set(FIRST_JIT + slot, group));
process.once('exit', closeJits);

/** A block may take long, and nobody may wait for it any more. */
function endIfOrphan(): void {
  if ((noted++ & (CLOCK_EVERY - 1)) !== 0) return;
  const now = performance.now();
  if (now - looked < LOOK_EVERY) return;
  looked = now;
  if (process.ppid !== parent) process.exit();
}

async function open(options: WorkerSetup): Promise<(job: Job) => Reply> {
  const { seed, choice, mix, setup, vacuityEvery, vacuityLater, runningFile } = options;
  await prepareEngines(choice.engine);
  const running = new RunningFile(runningFile, seed, setup, mix);
  const shard = new Shard({
    seed,
    mix,
    setup,
    vacuityEvery,
    vacuityLater,
    open: () => new Checker(checkerOptionsOf(choice)),
    before: (path) => {
      endIfOrphan();
      running.note(path);
    },
    isStopped: () => words.get(STOP) !== 0,
  });
  return (job) => {
    switch (job.kind) {
      case 'block':
        return { kind: 'block', report: shard.runBlock(job.block) };
      case 'shrink':
        return { kind: 'shrink', hit: shard.shrink(job.path) };
      case 'end':
        shard.close();
        closeJits();
        running.remove();
        return { kind: 'end' };
    }
  };
}

serve<WorkerSetup, Job, Reply>(open, [WORDS_FD]);
