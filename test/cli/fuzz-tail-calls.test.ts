import { describe, expect, it } from 'vitest';
import { cli } from './cli.ts';

const lane = (...options: string[]) => cli(['fuzz', '--lane', 'tail-calls', '--seed', '1', ...options]);

describe('fuzz --lane tail-calls', () => {
  it('agrees, under each convention', async () => {
    for (const convention of ['linux', 'zero', 'reply', 'v3']) {
      const { code, stdout } = await lane('--runs', '100', '--convention', convention);
      expect(stdout).toContain('seed 1: 100 ran: 100 agree, 0 diverge, 0 inconclusive; 0 skipped');
      expect(code).toBe(0);
    }
  });

  it('shrinks what diverges, names the instruction at fault, and the command that shows it again', async () => {
    const broken = ['--jit', 'mutant:tail-call-limit-34'];
    const { code, stdout } = await lane(
      '--runs',
      '200',
      '--max-failures',
      '1',
      '--reporter',
      'json',
      ...broken,
    );
    expect(code).toBe(1);
    const { schema, summary, failures } = JSON.parse(stdout);
    expect(schema).toBe('bpf-oracle/fuzz@1');
    expect(summary.diverge).toBeGreaterThan(1);
    expect(failures).toHaveLength(1);
    const [{ path, shrinks, again, result }] = failures;
    expect(shrinks).toBeGreaterThan(0);
    expect(result.culprit.insn).toBe('call 12');
    expect(again).toBe(`bpf-oracle fuzz --lane tail-calls --seed 1 --path ${path} ${broken.join(' ')}`);
    const one = await lane('--path', path, ...broken);
    expect(one.code).toBe(1);
    expect(one.stdout).toContain(`diverge  seed 1 path ${path}, shrunk ${shrinks} times`);
    expect(one.stdout).toContain('1 ran: 0 agree, 1 diverge');
  });

  it.each(['junit', 'tap', 'sarif', 'github', 'html'])('reports as %s', async (reporter) => {
    const fine = await lane('--runs', '20', '--reporter', reporter);
    expect(fine.code).toBe(0);
    const broken = await lane(
      '--runs',
      '100',
      '--reporter',
      reporter,
      '--jit',
      'mutant:tail-call-enters-too-early',
    );
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('seed 1 path');
  });

  it.each([
    [['--workers', '2'], /--workers: it runs on one thread/],
    [['--path', '4:1'], /--path 4:1: programs are named by a number alone/],
    [['--jit', 'dpdk'], /--jit dpdk: only the built-in JIT makes tail calls/],
    [['--shard', '1/2'], /--lane tail-calls: it has no parts/],
  ] as const)('refuses %j', async (options, words) => {
    const { code, stderr } = await lane(...options);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  it('exits with 4 where nothing runs', async () => {
    expect((await lane('--time', '0.000001', '--runs', '1')).code).toBe(4);
  });
});
