import { describe, expect, it } from 'vitest';
import { cli } from './cli.ts';

describe('fuzz --lane hostile', () => {
  it('tells what native code does, and exits 0', async () => {
    const { code, stdout } = await cli(['fuzz', '--lane', 'hostile', '--seed', '1', '--runs', '100']);
    expect(stdout).toMatch(/100 programs/);
    expect(code).toBe(0);
  });

  it('runs the one program a path names', async () => {
    const { stdout } = await cli([
      'fuzz',
      '--lane',
      'hostile',
      '--seed',
      '1',
      '--path',
      '412',
      '--reporter',
      'json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ lane: 'hostile', programs: 1, failures: [] });
  });

  it.each([
    [['--workers', '2'], /--workers: it runs on one thread/],
    [['--max-failures', '1'], /--max-failures: nothing in it is a failure/],
    [['--path', '4:1'], /--path 4:1: programs are named by a number alone/],
  ] as const)('refuses %j', async (options, words) => {
    const { code, stderr } = await cli(['fuzz', '--lane', 'hostile', ...options]);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
