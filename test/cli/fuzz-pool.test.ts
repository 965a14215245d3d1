/** The workers of `fuzz`, where what they are to do cannot be done. They run what `npm ci` built. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dir } from './cli.ts';

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;

const SCRIPT = `
import { ProcessPool } from '${built('cli/fuzz-pool.js')}';
import { validMix } from '${built('fuzz/lanes.js')}';
const pool = new ProcessPool({
  size: 2,
  seed: 1,
  choice: { jit: 'builtin', bmi2: true },
  mix: validMix(),
  vacuityEvery: 0,
  vacuityLater: 0,
  setup: 1,
  runningFile: (worker) => ${JSON.stringify(join(dir, 'running-'))} + worker,
  onLoss: (loss) => console.log('loss', loss),
});
const block = { start: 0, count: 1, choices: [] };
const tell = (what) => (error) => console.log(what, error.message);
await Promise.race([0, 1].map((worker) => pool.runBlock(worker, block))).catch(tell('block:'));
await pool.end().catch(tell('end:'));
await pool.runBlock(0, block).catch(tell('again:'));
`;

it('end with their pool, though they cannot even end well', () => {
  const script = join(dir, 'pool.mjs');
  writeFileSync(script, SCRIPT);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    /^block: .*not iterable.*\nend: .*not iterable.*\nagain: fuzz: a worker: SIGKILL ended it.*\n$/,
  );
}, 90_000);
