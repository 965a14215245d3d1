/** A worker of `fuzz`: a thread with a shard and an engine of its own. Started by fuzz-threads.ts. */
import { workerData } from 'node:worker_threads';
import { Checker } from '../checker.ts';
import { prepareEngines } from '../emu/engines.ts';
import { Shard } from '../fuzz/shard.ts';
import type { Job, Reply, WorkerSetup } from './fuzz-threads.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { closeJits, noteChildrenIn } from './open-jits.ts';
import { RunningFile } from './running-file.ts';
import { serve } from './worker-thread.ts';

const { seed, choice, mix, setup, vacuityEvery, runningFile, stop, children } = workerData as WorkerSetup;
noteChildrenIn(children);
await prepareEngines(choice.engine);
const running = new RunningFile(runningFile, seed, setup, mix);
const stopped = new Int32Array(stop);
const shard = new Shard({
  seed,
  mix,
  setup,
  vacuityEvery,
  open: () => new Checker(checkerOptionsOf(choice)),
  before: (path) => running.note(path),
  isStopped: () => Atomics.load(stopped, 0) !== 0,
});

function answer(job: Job): Reply {
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
}

serve(answer);
