/** The threads of `fuzz`, where what they are to do cannot be done. Threads run what `npm ci` built. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dir } from './cli.ts';

const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;

const SCRIPT = `
import { ThreadPool } from '${built('cli/fuzz-threads.js')}';
import { validMix } from '${built('fuzz/lanes.js')}';
const pool = new ThreadPool({
  size: 2,
  seed: 1,
  choice: { jit: 'mutant:no-such-mutant', bmi2: true },
  mix: validMix(),
  vacuityEvery: 0,
  setup: new Map(),
  runningFile: (worker) => ${JSON.stringify(join(dir, 'running-'))} + worker,
});
const block = { start: 0, count: 1, choices: [] };
const tell = (what) => (error) => console.log(what, error.message);
await Promise.race([0, 1].map((worker) => pool.runBlock(worker, block))).catch(tell('block:'));
await pool.end().catch(tell('end:'));
await pool.runBlock(0, block).catch(tell('again:'));
`;

it('end with their pool, though they cannot even end well', () => {
  const script = join(dir, 'threads.mjs');
  writeFileSync(script, SCRIPT);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    /^block: .*no-such-mutant.*\nend: .*no-such-mutant.*\nagain: .*ended by itself.*\n$/,
  );
}, 90_000);
