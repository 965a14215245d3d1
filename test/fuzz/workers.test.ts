/** Workers of `fuzz` and `mutants` that are brought down, and what is left when a fuzz ends. They run what `npm ci` built. */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonFuzzReport } from '../../src/report/fuzz-json.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let copy: string;
let bin: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'bpf-oracle-workers-'));
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  // what is changed below is to run: not what was bundled before
  rmSync(join(copy, 'dist/bundle'), { recursive: true, force: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  bin = join(copy, 'bin/bpf-oracle.js');
}, 60_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const run = (argv: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8', cwd: copy });

/** Lines about what went wrong, without those about how far it has come. */
const complaints = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line.startsWith('bpf-oracle: '));

/** With a line of a built file changed. */
function changed<T>(file: string, line: string, to: string, work: () => T): T {
  const path = join(copy, 'dist', file);
  const sound = readFileSync(path, 'utf8');
  const broken = sound.replace(line, to);
  expect(broken).not.toBe(sound);
  writeFileSync(path, broken);
  try {
    return work();
  } finally {
    writeFileSync(path, sound);
  }
}

/** With workers that some case brings down. */
const deadly = <T>(condition: string, work: () => T): T => {
  const line = 'running.note(path);';
  return changed(
    'cli/fuzz-worker.js',
    line,
    `${line} if (${condition}) process.kill(process.pid, 'SIGABRT');`,
    work,
  );
};

describe('a fuzz whose worker is brought down by a case', () => {
  const argv = ['fuzz', '--seed', '3', '--runs', '300', '--vacuity', '0', '--reporter', 'json'];
  const told = (index: number, file: string): RegExp =>
    new RegExp(
      `^bpf-oracle: fuzz: case ${index}: SIGABRT ended its worker; it proves nothing, is kept in ${file}, and a fresh worker goes on$`,
      'm',
    );

  it.each(['1', '2'])('counts the case as inconclusive and does all others (%s workers)', (workers) => {
    const corpus = `down-${workers}`;
    const whole: JsonFuzzReport = JSON.parse(run([...argv, '--workers', workers]).stdout);
    const { status, stdout, stderr } = deadly('[70, 71, 200].includes(path.index)', () =>
      run([...argv, '--workers', workers, '--corpus', corpus]),
    );
    expect(status).toBe(3);
    const left: JsonFuzzReport = JSON.parse(stdout);
    expect(left.digest).toBe(whole.digest);
    expect(left.summary).toEqual({ ran: 300, agree: 297, diverge: 0, inconclusive: 3, skipped: 0 });
    expect(left.inconclusive).toEqual(
      ['70', '71', '200'].map((path) => ({
        path,
        reason: expect.stringMatching(/SIGABRT ended the worker/),
      })),
    );
    for (const index of [70, 71, 200])
      expect(stderr).toMatch(told(index, join(corpus, `running-\\d+-\\d+\\.data`)));
    expect(complaints(stderr)).toHaveLength(3);
    const files = readdirSync(join(copy, corpus)).map((name) =>
      readFileSync(join(copy, corpus, name), 'utf8'),
    );
    const noted = files.map((text) => Number(/^# oracle: path (\d+)/m.exec(text)?.[1]));
    expect(noted.toSorted((a, b) => a - b)).toEqual([70, 71, 200]);
    // They do not bring down a sound one.
    expect(run(['fuzz', '--runs', '1', '--corpus', corpus])).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(copy, corpus))).toEqual([]);
  });

  it('tries what is left in a process of its own first', () => {
    const folder = join(copy, 'left');
    mkdirSync(folder);
    const [sound, deadly] = ['running-999999999-0.data', 'running-999999999-1.data'].map((name) =>
      join(folder, name),
    );
    const text = (path: number) => `# oracle: seed 3\n# oracle: path ${path}\n`;
    writeFileSync(sound as string, text(1));
    writeFileSync(deadly as string, text(2));
    const { status, stdout, stderr } = changed(
      'cli/replay-cases.js',
      'const result = replayCase(path, setup, explainer);',
      "if (path.endsWith('9-1.data')) process.kill(process.pid, 'SIGABRT'); $&",
      () => run([...argv, '--runs', '10', '--corpus', folder]),
    );
    expect(status).toBe(3);
    expect(complaints(stderr)).toEqual([
      `bpf-oracle: fuzz: ${deadly}: SIGABRT ends a process that runs it; remove it to go on without`,
    ]);
    const { corpus, summary }: JsonFuzzReport = JSON.parse(stdout);
    expect(corpus).toMatchObject({ ran: 2, agree: 1, inconclusive: 1 });
    expect(summary).toMatchObject({ ran: 10, agree: 10 });
    expect(readdirSync(folder)).toEqual(['running-999999999-1.data']);
  });

  it('leaves a failure as it was found if shrinking it does that', () => {
    const mutant = ['--jit', 'mutant:neg32-as-64', '--corpus', 'unshrunk'];
    const { status, stdout, stderr } = deadly('path.choices.length > 0', () => run([...argv, ...mutant]));
    expect(status).toBe(3);
    expect(complaints(stderr)[0]).toMatch(/: case \d+(:\d+)+: SIGABRT ended its worker/);
    const { summary, failures }: JsonFuzzReport = JSON.parse(stdout);
    expect(summary).toMatchObject({ ran: 300, inconclusive: 0 });
    expect(failures).toMatchObject([{ shrinks: 0, path: expect.stringMatching(/^\d+$/) }]);
  });

  it('gives up if there is no end to it', () => {
    const { status, stdout, stderr } = deadly('true', () => run([...argv, '--corpus', 'hopeless']));
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    const lines = complaints(stderr);
    expect(lines).toHaveLength(17);
    expect(lines.at(-1)).toMatch(
      /^bpf-oracle: fuzz: case \d+: SIGABRT ended its worker, as 16 were before; replay what is kept in hopeless.*\.data$/,
    );
  });
});

it('a fuzz that is interrupted leaves off shrinking at the next case', () => {
  const argv = ['fuzz', '--seed', '3', '--runs', '300', '--jit', 'mutant:neg32-as-64', '--corpus', 'stop'];
  // The worker that shrinks interrupts its parent, and waits for the word.
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)';
  const { status, stdout } = changed(
    'cli/fuzz-worker.js',
    'running.note(path);',
    `$& if (path.choices.length === 1 && words.get(STOP) === 0) {
       process.kill(process.ppid, 'SIGINT');
       while (words.get(STOP) === 0) ${wait};
     }`,
    () => run([...argv, '--workers', '1', '--reporter', 'json']),
  );
  expect(status).toBe(1);
  const [failure] = (JSON.parse(stdout) as JsonFuzzReport).failures;
  expect(failure?.shrinks).toBeLessThan(2);
  const whole: JsonFuzzReport = JSON.parse(run([...argv, '--workers', '1', '--reporter', 'json']).stdout);
  expect(whole.failures[0]?.shrinks).toBeGreaterThan(2);
});

it('mutants ends with one line if its worker is brought down', () => {
  const argv = ['mutants', '--mutant', 'neg32-as-64', '--seeds', '2', '--runs', '40', '--workers', '2'];
  const { status, stdout, stderr } = changed(
    'cli/mutants-worker.js',
    'return (job) => work.do(job);',
    "return () => process.kill(process.pid, 'SIGSEGV');",
    () => run(argv),
  );
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(complaints(stderr)).toEqual([
    expect.stringMatching(/^bpf-oracle: mutants: a worker: SIGSEGV ended it; .*$/),
  ]);
});

it('mutants come to the same in two workers as in one', () => {
  const argv = ['mutants', '--mutant', 'neg32-as-64', '--seeds', '2', '--runs', '40', '--control', '30'];
  const [one, two] = ['1', '2'].map((workers) => {
    const { status, stdout } = run([...argv, '--workers', workers, '--reporter', 'json']);
    expect(status).toBe(0);
    return stdout.replace(/"(s|medianS)econds": [\d.]+/g, '');
  });
  expect(two).toBe(one);
});

/**
 * A JIT that compiles `r0 = 1; exit` and refuses all else, does not end by itself, and tells its process. The line of
 * each: the process that started it, its own.
 */
const STUBBORN = `exec:echo $PPID $$ >>jits; n=0; while read -r line; do
  n=$((n+1))
  case $line in
    *b700000001000000950000000000000*) echo '{"id":'$n',"image":"b801000000c3","entry":0,"subprogEntries":[0]}';;
    *) echo '{"id":'$n',"refused":"no"}';;
  esac
done; sleep 1000`;

interface Jits {
  readonly parent: number;
  readonly pid: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits, for a minute at the most. */
async function until(isSo: () => boolean): Promise<boolean> {
  const started = performance.now();
  while (!isSo() && performance.now() - started < 60_000) await sleep(10);
  return isSo();
}

function isRunning(pid: number): boolean {
  try {
    // The state stands behind the name; a zombie only waits to be asked how it ended.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('no process is left behind by a fuzz', () => {
  const argv = ['fuzz', '--seed', '1', '--time', '600', '--workers', '2', '--jit', STUBBORN];

  /** Begins one, and waits until its workers have JITs. */
  async function begin(
    folder: string,
  ): Promise<{ fuzz: ChildProcess; jits: () => Jits[]; over: Promise<unknown> }> {
    const cwd = join(copy, folder);
    mkdirSync(cwd);
    // Workers have its standard error, too: it is closed when they have ended.
    const fuzz = spawn(process.execPath, [bin, ...argv], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    fuzz.stderr.resume();
    const over = new Promise((resolve) => fuzz.on('close', (code, signal) => resolve(code ?? signal)));
    const jits = (): Jits[] => {
      const text = existsSync(join(cwd, 'jits')) ? readFileSync(join(cwd, 'jits'), 'utf8') : '';
      const lines = text.split('\n').flatMap((line) => (/^\d+ \d+$/.test(line) ? [line.split(' ')] : []));
      return lines.map(([parent, pid]) => ({ parent: Number(parent), pid: Number(pid) }));
    };
    const ofWorkers = (): Jits[] => jits().filter(({ parent }) => parent !== fuzz.pid);
    expect(await until(() => ofWorkers().length >= 2)).toBe(true);
    return { fuzz, jits, over };
  }

  it.each([
    // Agreeing or not, nothing that ran at all: it ends as it had come to its end.
    ['SIGINT', 1, [0, 1, 4]],
    ['SIGTERM', 1, [0, 1, 4]],
    // Or so, if it ended before the second one.
    ['SIGINT', 2, [130, 0, 1, 4]],
    ['SIGTERM', 2, [130, 0, 1, 4]],
    ['SIGHUP', 1, ['SIGHUP']],
    ['SIGKILL', 1, ['SIGKILL']],
  ] as const)('that is sent %s, %i times', async (signal, times, want) => {
    const { fuzz, jits, over } = await begin(`left-${signal}-${times}`);
    for (let k = 0; k < times; k++) {
      fuzz.kill(signal);
      // Two that are pending are one.
      if (k + 1 < times) await sleep(1);
    }
    expect(want).toContain(await over);
    expect(await until(() => jits().every(({ pid }) => !isRunning(pid)))).toBe(true);
  });

  it('of which a worker is killed', async () => {
    const { fuzz, jits, over } = await begin('left-worker');
    const [first] = jits().filter(({ parent }) => parent !== fuzz.pid);
    process.kill(first?.parent ?? 0, 'SIGKILL');
    const known = jits().length;
    expect(await until(() => jits().length > known && !isRunning(first?.pid ?? 0))).toBe(true);
    fuzz.kill('SIGINT');
    expect(await over).toBe(3);
    expect(await until(() => jits().every(({ pid }) => !isRunning(pid)))).toBe(true);
  });
});
