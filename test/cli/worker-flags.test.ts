import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { workerFlags } from '../../src/cli/worker-process.ts';

const cpus = availableParallelism();

it('workers of which there is one for each CPU collect garbage without threads of their own', () => {
  const isSingle = (workers: number): boolean => workerFlags(workers).includes('--single-threaded-gc');
  expect([cpus - 1, cpus, cpus + 1].map(isSingle)).toEqual([false, true, true]);
});

it('this Node takes all flags and says nothing of them', () => {
  const script = 'process.stdout.write("runs")';
  const { status, stdout, stderr } = spawnSync(process.execPath, [...workerFlags(cpus), '-e', script], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'runs', stderr: '' });
});
