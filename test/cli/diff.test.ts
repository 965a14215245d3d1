/** `bpf-oracle diff` of what commands wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonReport } from '../../src/report/check-document.ts';
import { cli, dir, example, file } from './cli.ts';

const files = [example('kfunc-12-args.s'), example('gcd.bin'), example('fibonacci.asm')];

async function reported(name: string, ...argv: readonly string[]): Promise<string> {
  const path = join(dir, name);
  await cli([...argv, '--reporter', 'json', '--output', path]);
  return path;
}

const planted = (
  path: string,
  change: (report: { results: JsonReport['results'][number][] }) => void,
): string => {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  change(report);
  return file('planted.json', JSON.stringify(report));
};

describe('diff', () => {
  it('is nothing, and 0, of a run and the same run', async () => {
    const [a, b] = [await reported('a.json', 'check', ...files), await reported('b.json', 'check', ...files)];
    expect(await cli(['diff', a, b])).toEqual({
      code: 0,
      stdout: '0 worse, 0 better, 0 other changes; 3 cases the same\n',
      stderr: '',
    });
  });

  it('shows exactly what was planted, and is 1 where something got worse', async () => {
    const a = await reported('a.json', 'check', ...files);
    const b = planted(a, ({ results }) => {
      results[0] = { ...(results[0] ?? expect.fail('no result')), verdict: 'inconclusive' };
      results[2] = { ...(results[2] ?? expect.fail('no result')), r0: '0x2a' };
    });
    const { code, stdout } = await cli(['diff', a, b]);
    expect(code).toBe(1);
    expect(stdout.split('\n').map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
      '|what|name|field|before|after',
      expect.stringMatching(/^worse\|case\|.*kfunc-12-args\.s\|verdict\|agree\|inconclusive$/),
      expect.stringMatching(/^other\|case\|.*fibonacci\.asm\|r0\|0x[0-9a-f]{16}\|0x2a$/),
      '',
      '1 worse, 0 better, 1 other change; 1 case the same',
      '',
    ]);
    const back = await cli(['diff', b, a, '--reporter', 'github']);
    expect(back.code).toBe(0);
    expect(back.stdout).toBe(
      '::notice title=bpf-oracle diff::0 worse, 1 better, 1 other change; 1 case the same\n',
    );
  });

  it('compares kill matrices', async () => {
    const mutants = ['mutants', '--mutant', 'leave-without-frame', '--seeds', '1', '--workers', '1'];
    const a = await reported('m.json', ...mutants);
    const b = planted(a, (report) => {
      Object.assign((report as unknown as { mutants: object[] }).mutants[0] ?? {}, { killed: false });
    });
    const { code, stdout } = await cli(['diff', a, b]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^worse +mutant +leave-without-frame +verdict +killed +lives$/m);
  });

  it.each<[readonly string[], RegExp]>([
    [['none.json', 'none.json'], /^bpf-oracle: read: .*none\.json: no such file; check the path\n$/],
    [
      ['only-one.json'],
      /^bpf-oracle: usage: diff: missing required argument 'after'; see "bpf-oracle diff --help"\n$/,
    ],
    [['x', 'y', '--slower', 'much'], /^bpf-oracle: usage: diff: .*It must be a number above 0/],
  ])('refuses %j in one line', async (argv, want) => {
    const { code, stdout, stderr } = await cli(['diff', ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(want);
  });
});
