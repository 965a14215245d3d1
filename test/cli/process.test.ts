/** The installed command as processes see it: a built copy of the package in a directory of its own. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchReport } from '../../src/report/bench-report.ts';
import type { JsonMutantsReport } from '../../src/report/mutants-json.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOBODY = 65534;

let copy: string;
let bin: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'bpf-oracle-package-'));
  chmodSync(copy, 0o755);
  for (const name of ['bin', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  bin = join(copy, 'bin/bpf-oracle.js');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** The files of JavaScript that a run loads, as V8 tells them, by their path in the package. */
function loadedBy(argv: readonly string[]): string[] {
  const folder = mkdtempSync(join(copy, 'loaded-'));
  run(argv, { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  return readdirSync(folder).flatMap((file) => {
    const { result }: { result: { url: string }[] } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const files = result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
    return files.map((path) => relative(copy, path));
  });
}

const run = (argv: readonly string[], options: object = {}): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [bin, ...argv], { encoding: 'utf8', ...options });

it('without a build, one line says what to do', () => {
  const { status, stdout, stderr } = run(['--help']);
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toBe('bpf-oracle: start: dist/cli/main.js: not built; run "npm run build"\n');
});

describe('built', () => {
  let gcd: string;
  beforeAll(() => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const built = spawnSync(
      process.execPath,
      [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(copy, 'dist')],
      { encoding: 'utf8' },
    );
    expect(built.stdout).toBe('');
    const argv = [join(root, 'scripts/bundle.js'), join(copy, 'dist')];
    const bundled = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect(bundled).toMatchObject({ status: 0, stdout: '', stderr: '' });
    gcd = join(copy, 'gcd.bin');
    cpSync(join(root, 'examples/gcd.bin'), gcd);
  });

  it('starts from a few files', () => {
    expect(loadedBy(['--help'])).toEqual(['bin/bpf-oracle.js', 'dist/bundle/main.js']);
    const check = loadedBy(['check', gcd]);
    expect(check).toContain('dist/bundle/check.js');
    expect(check.filter((path) => !path.includes('node_modules'))).toHaveLength(3);
    // koffi
    expect(check.length).toBeLessThanOrEqual(8);
  });

  it('starts workers from a few files too', () => {
    const files = loadedBy(['fuzz', '--runs', '64', '--workers', '1', '--corpus', join(copy, 'none')]);
    expect(files).toContain('dist/bundle/fuzz-worker.js');
    expect(files.filter((path) => /^dist\/(?!bundle\/)/.test(path))).toEqual([]);
    expect(files.length).toBeLessThan(100);
  });

  it('in a checkout does not start from a bundle that is older than what it is made of', () => {
    const bundle = join(copy, 'dist/bundle/main.js');
    utimesSync(bundle, 0, 0);
    // as a package manager leaves it
    expect(loadedBy(['--version'])).toContain('dist/bundle/main.js');
    mkdirSync(join(copy, 'src'));
    try {
      const files = loadedBy(['check', gcd]);
      expect(files).toContain('dist/cli/main.js');
      expect(files).not.toContain('dist/bundle/main.js');
      expect(files.length).toBeGreaterThan(100);
      utimesSync(bundle, new Date(), new Date());
      expect(loadedBy(['--version'])).toContain('dist/bundle/main.js');
    } finally {
      rmSync(join(copy, 'src'), { recursive: true });
    }
  });

  it('bundles packages with their licenses', () => {
    const licenses = readFileSync(join(copy, 'dist/bundle/LICENSES'), 'utf8');
    expect(licenses).toMatch(/^commander \d\S+\n\n\(The MIT License\)$/m);
    expect(licenses).toContain('Copyright (c) 2011 TJ Holowaychuk');
  });

  it('mutants makes the same matrix with one worker and with two', () => {
    const matrix = (workers: string) => {
      const names = ['incoming-8-too-low', 'jset-as-jeq-zero', 'shift-dst-rcx'];
      const chosen = names.flatMap((name) => ['--mutant', name]);
      const argv = ['--workers', workers, '--seeds', '2', '--runs', '200', '--control', '600'];
      const { stdout, stderr } = run(['mutants', ...chosen, ...argv, '--reporter', 'json']);
      expect(stderr).toBe('');
      const { mutants, control, summary }: JsonMutantsReport = JSON.parse(stdout);
      const rows = mutants.map(({ name, cases, r0Cases, culprit, killedBy }) => {
        return { name, cases, r0Cases, culprit, killedBy };
      });
      return { rows, control, total: summary.total };
    };
    const two = matrix('2');
    expect(two).toMatchObject({ total: 3, control: { cases: 1200, agree: 1200, diverging: [] } });
    expect(two).toEqual(matrix('1'));
  });

  it('bench times everything once, whole runs of fuzz among it', () => {
    const document = join(copy, 'PERFORMANCE.md');
    const argv = ['bench', '--rounds', '1', '--cases', '8', '--runs', '8', '--markdown', document];
    const { stderr, stdout, status } = run([...argv, '--reporter', 'json']);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const {
      schema,
      bare,
      fuzz,
      medianProgram,
      onSilicon,
      peers,
      sizes,
      stages,
      start,
      straight,
    }: BenchReport & { schema: string } = JSON.parse(stdout);
    expect(schema).toBe('bpf-oracle/bench@1');
    const engines = onSilicon === null ? ['unicorn'] : ['unicorn', 'silicon'];
    const runs = [
      { lane: 'valid', cases: 16 },
      { lane: 'mix', cases: 8 },
    ];
    const all = engines.flatMap((engine) =>
      runs.flatMap(({ lane, cases }) =>
        [1, 2].map((workers) => ({ lane, cases: cases * workers, engine, workers })),
      ),
    );
    expect(fuzz).toMatchObject(all);
    // One digest for each number of cases.
    expect(new Set(fuzz.map(({ digest }) => digest)).size).toBe(4);
    for (const stage of ['load', 'emulate', 'observe']) expect(stages[stage]?.median).toBeGreaterThan(0);
    expect(Math.min(bare.one.median, bare.two.median)).toBeGreaterThan(0);
    expect(medianProgram?.engines.map(({ engine, cases }) => [engine, cases])).toEqual(
      engines.map((engine) => [engine, 8]),
    );
    for (const { one, two } of [medianProgram?.bare, ...(medianProgram?.engines ?? [])].filter(
      (each) => each !== undefined,
    ))
      expect(Math.min(one.median, two.median)).toBeGreaterThan(0);
    expect(straight.map(({ name, absent }) => [name, absent === null])).toContainEqual(['ours', true]);
    expect(fuzz[0]?.megabytes).toBeGreaterThan(10);
    expect(peers.map(({ timing, absent }) => (timing === null) === (absent !== null))).toEqual([true, true]);
    expect(sizes.map(({ name }) => name)).toEqual(['small', 'median', 'large']);
    expect(start).toHaveLength(2);
    expect(readFileSync(document, 'utf8')).toContain('### Goals');
  });

  it('checks a program, without colours in a pipe', () => {
    const { status, stdout, stderr } = run(['check', gcd]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^agree {2}\S+gcd\.bin {2}r0 = 0x0000000000000015/);
  });

  it('gives its exit code to the shell', () => {
    expect(run(['check', join(copy, 'missing')]).status).toBe(2);
    expect(run([]).status).toBe(2);
    expect(run(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('reads a plugin call from standard input', () => {
    const input = 'b7  00  00  00  05  00  00  00  95  00  00  00  00  00  00  00 \n';
    expect(run(['01  02 ', 'run', '--plugin'], { input })).toMatchObject({ status: 0, stdout: '5\n' });
  });

  it('is quiet when its reader goes away', () => {
    const source = join(copy, 'long.s');
    writeFileSync(source, `${'r0 = 1\n'.repeat(20_000)}exit\n`);
    const script = '"$1" "$2" jit "$3" | head -n 1';
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', process.execPath, bin, source], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^; .*long\.s: \d+ bytes/);
  });

  it('a file it may not read is bad input', () => {
    const secret = join(copy, 'secret.bin');
    writeFileSync(secret, 'x');
    chmodSync(secret, 0o000);
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const { status, stdout, stderr } = run(['check', secret], user);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(`bpf-oracle: read: ${secret}: permission denied; make it readable for this user\n`);
  });
});
