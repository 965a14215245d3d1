/** `compare`: several JITs, several engines, one table. */
import { describe, expect, it } from 'vitest';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';
import { cli, example, file } from './cli.ts';

const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await cli(['compare', '--reporter', 'json', ...argv]);
  return { code, stderr, report: JSON.parse(stdout) };
};

describe('compare', () => {
  it('tells which of several JITs stands alone, and on what', async () => {
    const jits = 'builtin,mutant:swap-args-7-8-kfunc,mutant:r6-not-saved';
    const { code, report } = await json('--jit', jits, example('bpf-12-args.s'), example('kfunc-12-args.s'));
    expect(code).toBe(1);
    expect(report).toMatchObject({ schema: 'bpf-oracle/compare@1', cases: 2, compared: 2 });
    expect(report.machines[0]).toEqual({
      name: 'builtin on unicorn',
      jit: 'builtin',
      engine: 'unicorn',
      ...{ agree: 2, diverge: 0, inconclusive: 0, skipped: 0 },
    });
    expect(report.disagreements).toContainEqual({
      kind: 'alone',
      parties: ['mutant:swap-args-7-8-kfunc'],
      bucket: 'arg 7+ of kfunc',
      cases: 1,
      first: example('kfunc-12-args.s'),
    });
  });

  it('makes programs that all of the JITs take, the same ones from a seed', async () => {
    const argv = ['--jit', 'builtin', '--jit', 'mutant:r6-not-saved', '--runs', '100', '--seed', '3'];
    const { code, report } = await json(...argv);
    expect([code, report.cases, report.compared]).toEqual([1, 100, 100]);
    const counts = report.machines.map(({ agree }: { agree: number }) => agree);
    expect(counts[0]).toBe(100);
    expect(counts[1]).toBeLessThan(100);
    expect((await json(...argv)).report).toEqual(report);
  });

  it('is readable', async () => {
    const { code, stdout } = await cli([
      'compare',
      '--jit',
      'builtin,mutant:r6-not-saved',
      '--runs',
      '50',
      '--seed',
      '1',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^machine +as interpreter {2}otherwise {2}inconclusive {2}skipped\nbuiltin on unicorn +50 +0 +0 +0\n/,
    );
    expect(stdout).toMatch(/^mutant:r6-not-saved +epilogue +\d+ +1:\d+$/m);
    expect(stdout).toMatch(/\n50 cases: 50 compared, \d+ disagreements? in \d+ class(es)?\n$/);
  });

  it('is quiet where all agree', async () => {
    const { code, stdout } = await cli(['compare', example('gcd.bin')]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/\n\n1 case: 1 compared, 0 disagreements in 0 classes\n$/),
    ]);
  });

  it('takes commands that hold commas, and files that cannot be read beside others', async () => {
    const answers = `exec:while read -r x; do : a,b; id=\${x#*:}; echo '{"id":'\${id%%,*}',"refused":"no"}'; done`;
    const { code, stderr, report } = await json(
      '--jit',
      `builtin,${answers}`,
      file('bad.s', 'nonsense\n'),
      example('gcd.bin'),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^bpf-oracle: .*bad\.s/);
    expect(
      report.machines.map(({ jit, skipped }: { jit: string; skipped: number }) => [jit, skipped]),
    ).toEqual([
      ['builtin', 0],
      [answers, 1],
    ]);
  });

  it.each([
    [['--jit', 'builtin,builtin'], /^bpf-oracle: usage: compare: .*Name each JIT once/],
    [['--jit', 'nothing'], /^bpf-oracle: usage: compare: .*It can be builtin, dpdk/],
    [['--seed', '4294967296'], /^bpf-oracle: compare: --seed 4294967296: seeds have 32 bits/],
  ])('refuses %j', async (argv, words) => {
    const { code, stderr } = await cli(['compare', ...argv]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
  });

  const missing = siliconMissing();
  it.skipIf(missing !== undefined)(`has every JIT on every engine${skippedBecause(missing)}`, async () => {
    const { code, report } = await json(
      '--jit',
      'builtin',
      '--engine',
      'unicorn,silicon',
      '--runs',
      '50',
      '--seed',
      '1',
    );
    expect(report.machines.map(({ name }: { name: string }) => name)).toEqual([
      'builtin on unicorn',
      'builtin on silicon',
    ]);
    expect(code).toBe(0);
  });
});
