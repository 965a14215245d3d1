/** A worker of `fuzz`: a thread with a shard and an engine of its own. Started by fuzz-threads.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { Shard } from '../fuzz/shard.ts';
import { RunningFile } from './fuzz-corpus.ts';
import type { Job, Reply, WorkerSetup } from './fuzz-threads.ts';

const { seed, jit, setup, runningFile, stop } = workerData as WorkerSetup;
const running = new RunningFile(runningFile, seed, setup);
const stopped = new Int32Array(stop);
const shard = new Shard({
  seed,
  setup,
  open: () => new Checker({ jit }),
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
      running.remove();
      return { kind: 'end' };
  }
}

/** An error as data: threads cannot hand over their classes. */
function failed(error: unknown): Reply {
  if (error instanceof OracleError)
    return { kind: 'failed', error: { kind: error.kind, parts: error.parts } };
  const told = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', error: { kind: 'bug', message: told.message, stack: told.stack ?? '' } };
}

parentPort?.on('message', (job: Job) => {
  let reply: Reply;
  try {
    reply = answer(job);
  } catch (error) {
    reply = failed(error);
  }
  parentPort?.postMessage(reply);
  if (job.kind === 'end') parentPort?.close();
});
