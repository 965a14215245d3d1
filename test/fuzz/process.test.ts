/** `fuzz` and `replay` as processes: a built copy of the package in a directory of its own. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
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
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonFuzzReport } from '../../src/report/fuzz-json.ts';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';

const missing = siliconMissing();
/** Subtracts where the code says `add r64, r64`. */
const LIAR = `function liar(engine) {
  const load = engine.load.bind(engine);
  engine.load = (at, code, entries) => load(at, code.map((b, i) => (b === 1 && code[i - 1] === 0x48 ? 0x29 : b)), entries);
  return engine;
}`;
const root = fileURLToPath(new URL('../..', import.meta.url));
let copy: string;
let bin: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'bpf-oracle-fuzz-'));
  for (const name of ['bin', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  bin = join(copy, 'bin/bpf-oracle.js');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const project = join(root, 'tsconfig.build.json');
  const built = spawnSync(process.execPath, [tsc, '-p', project, '--outDir', join(copy, 'dist')], {
    encoding: 'utf8',
  });
  expect(built.stdout).toBe('');
}, 120_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const run = (argv: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8', cwd: copy });

function fuzzJson(argv: readonly string[]): JsonFuzzReport {
  const { status, stdout, stderr } = run(['fuzz', '--reporter', 'json', ...argv]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('fuzz', () => {
  it('makes the same cases with one worker and with two', () => {
    const [one, two] = ['1', '2'].map((workers) =>
      fuzzJson(['--runs', '300', '--seed', '3', '--workers', workers]),
    );
    expect(one).toMatchObject({
      schema: 'bpf-oracle/fuzz@1',
      seed: 3,
      summary: { ran: 300, agree: 300, diverge: 0, inconclusive: 0, skipped: 0 },
      failures: [],
    });
    const same = ({ digest, statistics, coverage }: Partial<JsonFuzzReport> = {}) => ({
      digest,
      statistics,
      coverage,
    });
    expect(same(two)).toEqual(same(one));
  });

  it.skipIf(missing !== undefined)(`makes the same on two engines${skippedBecause(missing)}`, () => {
    const argv = ['--runs', '300', '--seed', '3', '--workers', '2'];
    const [one, two] = [fuzzJson(argv), fuzzJson([...argv, '--engine', 'silicon,unicorn'])];
    expect(two).toMatchObject({ summary: { ran: 300, agree: 300 }, digest: one.digest });
  });

  it.skipIf(missing !== undefined)(`tells an emulator that lies${skippedBecause(missing)}`, () => {
    // the built copy's unicorn subtracts where it should add
    const path = join(copy, 'dist/emu/engines.js');
    const honest = readFileSync(path, 'utf8');
    const lying = honest.replace("['unicorn', openUnicorn]", "['unicorn', () => liar(openUnicorn())]");
    expect(lying).not.toBe(honest);
    writeFileSync(path, `${lying}\n${LIAR}`);
    try {
      const argv = ['--runs', '300', '--seed', '3', '--corpus', 'lies', '--max-failures', '1'];
      const both = run(['fuzz', '--engine', 'unicorn,silicon', '--reporter', 'json', ...argv]);
      const [failure] = JSON.parse(both.stdout).failures;
      expect([both.status, failure.bucket]).toEqual([1, expect.stringMatching(/^engine unicorn: add 64/)]);
      expect(readFileSync(join(copy, failure.file), 'utf8')).toMatch(/^# oracle: engine unicorn,silicon$/m);
      expect(run(['replay', failure.file])).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/engine unicorn disagrees with silicon/),
      });
      expect(run(['replay', '--engine', 'silicon', failure.file]).status).toBe(0);
    } finally {
      writeFileSync(path, honest);
      rmSync(join(copy, 'lies'), { recursive: true, force: true });
    }
  });

  it('leaves nothing behind when all agree', () => {
    fuzzJson(['--runs', '10', '--corpus', 'clean']);
    expect(readdirSync(copy)).not.toContain('clean');
  });

  it('prints grids and counts', () => {
    const { status, stdout } = run(['fuzz', '--runs', '200', '--seed', '1', '--workers', '1']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^args +neither +receives +passes +both/m);
    expect(stdout).toMatch(/^opcodes: \d+ of \d+ forms/m);
    expect(stdout).toMatch(/^seed 1, digest [0-9a-f]{16}, /m);
    expect(stdout).toMatch(/^200 ran: 200 agree, 0 diverge, 0 inconclusive; 0 skipped$/m);
  });

  it('finds the bug of a JIT that has one; the case it saves replays on that JIT', () => {
    const jit = ['--jit', 'mutant:neg32-as-64'];
    const { status, stdout } = run(['fuzz', '--seed', '1', '--runs', '200', '--corpus', 'mutant', ...jit]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/or: bpf-oracle fuzz --seed 1 --path \S+ --jit mutant:neg32-as-64\n/);
    const [name = ''] = readdirSync(join(copy, 'mutant'));
    expect(readFileSync(join(copy, 'mutant', name), 'utf8')).toContain('# oracle: jit mutant:neg32-as-64\n');
    expect(run(['replay', join('mutant', name)]).status).toBe(1);
  });

  it('runs the one case of a path', () => {
    const { summary } = fuzzJson(['--seed', '3', '--path', '7:0']);
    expect(summary.ran).toBe(1);
  });

  it.each([
    [['--path', 'x'], 'read path: --path: `x` is not a path; it looks like 12 or 12:0:3'],
    [['--runs', '0'], 'It must be a whole number from 1 on'],
    [['--seed', '4294967296'], 'seeds have 32 bits; the largest is 4294967295'],
    [['--path', '1:99999'], 'follow path: 1:99999: it has no shrink 99999 in this version'],
    [['--corpus', 'package.json'], 'name a folder that can be written'],
  ])('refuses %j in one line', (argv, want) => {
    const { status, stdout, stderr } = run(['fuzz', ...argv]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(want);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('ends with its summary on SIGINT', async () => {
    const child = spawn(process.execPath, [bin, 'fuzz', '--seed', '1', '--time', '600', '--corpus', 'int'], {
      cwd: copy,
    });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    const started = performance.now();
    while (performance.now() - started < 60_000 && !hasRunning('int')) await sleep(20);
    await sleep(500);
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[1-9]\d* ran: [1-9]\d* agree, 0 diverge/m);
    expect(readdirSync(copy)).not.toContain('int');
  });
});

describe('fuzz --shard', () => {
  const argv = ['--runs', '130', '--seed', '7', '--jit', 'mutant:swap-args-7-8-kfunc', '--workers', '2'];

  /** Runs a fuzz in a folder of its own, so that each starts from an empty corpus of the same name. */
  function fuzzIn(
    folder: string,
    more: readonly string[],
  ): { readonly status: number | null; readonly file: string } {
    mkdirSync(join(copy, folder));
    const file = join(copy, `${folder}.json`);
    const { status } = spawnSync(
      process.execPath,
      [bin, 'fuzz', ...argv, ...more, '--reporter', 'json', '--output', file],
      { encoding: 'utf8', cwd: join(copy, folder) },
    );
    return { status, file };
  }

  const untimed = (text: string): unknown => {
    const { seconds: _s, casesPerSecond: _c, pace: _p, ...rest }: JsonFuzzReport = JSON.parse(text);
    return rest;
  };

  it('in four parts, merged, is the single run: digest, counts, coverage, failures and their files', () => {
    const whole = fuzzIn('whole', []);
    const parts = [1, 2, 3, 4].map((i) => fuzzIn(`part${i}`, ['--shard', `${i}/4`]));
    const merged = run(['merge', ...parts.map(({ file }) => file), '--reporter', 'json']);
    expect({ status: merged.status, stderr: merged.stderr }).toEqual({ status: 1, stderr: '' });
    const text = readFileSync(whole.file, 'utf8');
    const { failures, summary }: JsonFuzzReport = JSON.parse(text);
    expect(failures.length).toBeGreaterThan(0);
    expect(summary.ran).toBe(130);
    expect(untimed(merged.stdout)).toEqual(untimed(text));
    const all = run(['merge', ...parts.map(({ file }) => file)]);
    expect(all.stdout).toMatch(/^130 ran: \d+ agree, \d+ diverge, 0 inconclusive; 0 skipped$/m);
    const three = run(['merge', ...parts.slice(1).map(({ file }) => file)]);
    expect(three.status).toBe(2);
    expect(three.stderr).toMatch(/^bpf-oracle: merge: .*: missing: 1\/4; give all parts\n$/);
  });
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function hasRunning(folder: string): boolean {
  try {
    return readdirSync(join(copy, folder)).some((name) => name.endsWith('.data'));
  } catch {
    return false;
  }
}

describe('a fuzz that is killed', () => {
  it.each([0, 3, 30, 130, 400, 700])(
    'after %i ms of work leaves the case that was running, which can be replayed',
    async (ms) => {
      const folder = `killed-${ms}`;
      const argv = ['fuzz', '--seed', '1', '--time', '600', '--workers', '2', '--corpus', folder];
      // Its workers have its standard error, too: it is closed when they have ended.
      const child = spawn(process.execPath, [bin, ...argv], {
        cwd: copy,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr.resume();
      const ended = new Promise((resolve) => child.on('close', resolve));
      const started = performance.now();
      while (performance.now() - started < 60_000 && !hasRunning(folder)) await sleep(1);
      await sleep(ms);
      child.kill('SIGKILL');
      await ended;
      const files = readdirSync(join(copy, folder)).filter((name) => name.endsWith('.data'));
      expect(files.length).toBeGreaterThanOrEqual(1);
      for (const file of files) {
        const text = readFileSync(join(copy, folder, file), 'utf8');
        expect(text).toMatch(/^# oracle: seed 1\n# oracle: path \d+ *\n$/m);
      }
      const { status, stdout, stderr } = run(['replay', folder]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`${files.length} ran: ${files.length} agree`);
      const next = fuzzJson(['--runs', '1', '--corpus', folder]);
      expect(next.corpus.agree).toBe(files.length);
      expect(readdirSync(join(copy, folder)).filter((name) => name.endsWith('.data'))).toEqual([]);
    },
  );
});

describe('with a broken JIT', () => {
  let broken: string;
  const runBroken = (argv: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(broken, 'bin/bpf-oracle.js'), ...argv], {
      encoding: 'utf8',
      cwd: broken,
    });

  /** A copy whose JIT zero-extends an immediate for argument 6. */
  beforeAll(() => {
    broken = mkdtempSync(join(tmpdir(), 'bpf-oracle-broken-'));
    for (const name of ['bin', 'dist', 'package.json'])
      cpSync(join(copy, name), join(broken, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(broken, 'node_modules'));
    const file = join(broken, 'dist/jit/convention/linux.js');
    const code = readFileSync(file, 'utf8');
    const patched = code.replace('movSigned(asm, R9, insn.imm)', 'movSigned(asm, R9, insn.imm & 0x7fffffff)');
    expect(patched).not.toBe(code);
    writeFileSync(file, patched);
  });
  afterAll(() => rmSync(broken, { recursive: true, force: true }));

  it('fuzz shrinks what it finds, confirms it and saves it; replay and the next fuzz find it again', () => {
    const argv = ['fuzz', '--runs', '64', '--seed', '1', '--workers', '2', '--reporter', 'json'];
    const first = runBroken(argv);
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 1, stderr: '' });
    const { failures, inconclusive, summary }: JsonFuzzReport = JSON.parse(first.stdout);
    expect(inconclusive).toEqual([]);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.reduce((sum, { cases }) => sum + cases, 0)).toBe(summary.diverge);
    for (const { bucket, file, path, shrinks } of failures) {
      expect(bucket).toBe('st dw of arg 6');
      expect(path.split(':')).toHaveLength(1 + shrinks);
      const text = readFileSync(join(broken, file), 'utf8');
      expect(text).toContain(`# oracle: bucket ${bucket}\n`);
      expect(text.split('-- asm')[1]?.match(/^ {2}\w/gm)?.length).toBeLessThanOrEqual(12);
      expect(runBroken(['replay', file]).status).toBe(1);
    }
    const next = runBroken(['fuzz', '--runs', '1', '--seed', '1', '--reporter', 'json']);
    expect(next.status).toBe(1);
    const again: JsonFuzzReport = JSON.parse(next.stdout);
    expect(again.corpus.diverge).toBe(failures.length);
    const [failure] = failures;
    const one = runBroken(['fuzz', '--seed', '1', '--path', failure?.path ?? '', '--corpus', 'one']);
    expect(one.status).toBe(1);
    expect(one.stdout).toContain(`diverge  ${failure?.bucket}: 1 case; not shrunk: `);
  });

  it('a fuzz killed while it shrinks leaves the case as it was found', async () => {
    const argv = ['fuzz', '--runs', '64', '--seed', '1', '--workers', '1', '--corpus', 'killed'];
    const child = spawn(process.execPath, [join(broken, 'bin/bpf-oracle.js'), ...argv], { cwd: broken });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const saved = (): string[] => {
      try {
        return readdirSync(join(broken, 'killed')).filter((name) => /^st-dw.*\.data$/.test(name));
      } catch {
        return [];
      }
    };
    const started = performance.now();
    while (performance.now() - started < 60_000 && saved().length === 0) await sleep(1);
    child.kill('SIGKILL');
    await ended;
    expect(saved().length).toBeGreaterThan(0);
    const { status, stdout } = runBroken(['replay', 'killed']);
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${saved().length + 1} ran: `, 'm'));
  });
});

describe('replay', () => {
  const wrong = `# oracle: convention linux
-- asm
mov %r0, 1
exit
-- result
0x2
`;
  it('tells a diverging case, an agreeing one and an unreadable one', () => {
    writeFileSync(join(copy, 'wrong.data'), wrong);
    writeFileSync(join(copy, 'right.data'), wrong.replace('0x2', '0x1'));
    writeFileSync(join(copy, 'bad.data'), wrong.replace('mov', 'mvo'));
    expect(run(['replay', 'wrong.data']).status).toBe(1);
    expect(run(['replay', 'right.data']).status).toBe(0);
    expect(run(['replay', 'bad.data']).status).toBe(2);
    expect(run(['replay', 'right.data', 'wrong.data']).stdout).toContain('2 ran: 1 agree, 1 diverge');
  });

  it.each([
    ['wrong.data', 'diverges'],
    ['right.data', 'agrees'],
    ['bad.data', 'cannot run'],
  ])('in a fresh process confirms of %s that it %s', (file, want) => {
    const confirm = pathToFileURL(join(copy, 'dist/cli/fuzz-confirm.js')).href;
    const script = `const { confirm } = await import('${confirm}'); console.log(await confirm('${file}', 'builtin'));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: copy,
    });
    expect(stdout).toBe(`${want}\n`);
  });

  it('refuses a case that another generator made', () => {
    writeFileSync(join(copy, 'old.data'), '# oracle: generator 0000\n# oracle: seed 1\n# oracle: path 2\n');
    const { status, stderr } = run(['replay', 'old.data']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bpf-oracle: read case: old\.data: generator 0000 made it/);
  });
});
