/** The cases of docs/FINDINGS.md: they are all there, and still diverge where the JIT is installed. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OracleError } from '../../src/core/errors.ts';
import { findLibrte } from '../../src/jits/dpdk/find-librte.ts';
import type { JsonReport } from '../../src/report/check-document.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cases = join(root, 'corpus/dpdk');

/** Why DPDK cannot be judged here; undefined if it can. */
function missing(): string | undefined {
  try {
    findLibrte();
    return undefined;
  } catch (error) {
    if (error instanceof OracleError) return error.message;
    throw error;
  }
}

describe('docs/FINDINGS.md', () => {
  it('names every case of DPDK, and no other', () => {
    const text = readFileSync(join(root, 'docs/FINDINGS.md'), 'utf8');
    const rows = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));
    const named = rows.flatMap((row) =>
      (row.split('|')[2] ?? '').split(',').map((name) => `${name.trim()}.data`),
    );
    expect(named.sort()).toEqual(readdirSync(cases).sort());
  });
});

const why = missing();

describe.skipIf(why !== undefined)(`DPDK${why === undefined ? '' : `, skipped: ${why}`}`, () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'bpf-oracle-dpdk-'));
    for (const name of ['bin', 'package.json'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const argv = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(copy, 'dist')];
    expect(spawnSync(process.execPath, argv, { encoding: 'utf8' }).stdout).toBe('');
  }, 120_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const run = (argv: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [join(copy, 'bin/bpf-oracle.js'), ...argv], { encoding: 'utf8', cwd: copy });

  it('still has every finding', () => {
    const { status, stdout } = run(['replay', cases, '--reporter', 'json']);
    const report: JsonReport = JSON.parse(stdout);
    expect(status).toBe(1);
    for (const { name, verdict, reason } of report.results) {
      const dies = name.includes('validator-dies');
      expect({ name, verdict, reason }).toEqual({
        name,
        verdict: dies ? 'inconclusive' : 'diverge',
        reason: dies ? 'it was ended by SIGFPE' : null,
      });
    }
  });

  it('is sent programs of which it takes four in five at least', () => {
    const { stdout } = run([
      'fuzz',
      '--jit',
      'dpdk',
      '--runs',
      '300',
      '--seed',
      '5',
      '--max-failures',
      '1',
      '--reporter',
      'json',
    ]);
    const { summary } = JSON.parse(stdout);
    expect(summary.ran / (summary.ran + summary.skipped)).toBeGreaterThan(0.8);
  });
});
