/** `--expect-failures`, and the exit codes of runs in which nothing comes to a verdict. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkJson, cli, dir, file } from './cli.ts';

const folder = join(dir, 'cases');
const empty = join(dir, 'empty');
mkdirSync(folder);
mkdirSync(empty);
const data = (name: string, asm: string, result: string): void =>
  writeFileSync(join(folder, name), `-- asm\n${asm}\nexit\n-- result\n${result}\n`);
data('bad.data', 'mov %r0, 5', '0x6');
data('good.data', 'mov %r0, 5', '0x5');
data('refused.data', 'call %r1', '0x5');

const list = (...lines: string[]): string => file('list.txt', `${lines.join('\n')}\n`);
const paths = ['bad.data', 'good.data', 'refused.data'].map((name) => join(folder, name));

describe('--expect-failures', () => {
  it.each([
    ['check', paths],
    ['conformance', [folder]],
    ['replay', [folder]],
  ] as const)('%s: an expected divergence is counted apart and is no failure', async (command, argv) => {
    const path = list('# what is known', '', 'bad.data  # states 6 # twice');
    const { code, stdout, stderr } = await cli([command, ...argv, '--expect-failures', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^expected +\S+bad\.data +2 differences, as expected: states 6 # twice$/m);
    expect(stdout).toMatch(/1 expected failure/);
  });

  it('is in the JSON document', async () => {
    const path = list('bad.data # states 6');
    const { report } = await checkJson([...paths, '--expect-failures', path]);
    expect(report.summary).toMatchObject({ ran: 2, agree: 1, diverge: 0, expectedFailures: 1, skipped: 1 });
    expect(report.expectations).toEqual({ file: path, listed: 1, stale: [] });
    expect(report.results[0]).toMatchObject({ verdict: 'diverge', expectedFailure: 'states 6' });
    expect(report.results[0]?.divergences).toHaveLength(2);
  });

  it('a divergence that is not listed still fails', async () => {
    const { code } = await cli(['check', ...paths, '--expect-failures', list('# none')]);
    expect(code).toBe(1);
    const { code: ofEmpty } = await cli(['check', ...paths, '--expect-failures', file('none.txt', '')]);
    expect(ofEmpty).toBe(1);
  });

  it.each([
    ['good.data', 'agree', 'agrees; take the line out'],
    ['refused.data', 'skipped', 'was skipped; mend the case or take the line out'],
    ['bad', 'absent', 'is no case of this run; names are exact, as reports print them'],
  ])('a stale entry fails the run and is named: %s', async (name, why, words) => {
    const path = list('bad.data # states 6', `${name} # was so once`);
    const { code, report, stderr } = await checkJson([...paths, '--expect-failures', path]);
    expect(code).toBe(1);
    expect(stderr).toBe(`bpf-oracle: expected failures: ${path} line 2: ${name} ${words}\n`);
    expect(report.expectations).toEqual({
      file: path,
      listed: 2,
      stale: [{ name, reason: 'was so once', line: 2, why }],
    });
  });

  it('an inconclusive case does not diverge, and two cases are not one', async () => {
    const loop = file('loop.s', 'l0:\ngoto l0\n');
    const limited = await cli([
      'check',
      '--insn-limit',
      '9',
      loop,
      '--expect-failures',
      list('loop.s # spins'),
    ]);
    expect(limited.code).toBe(1);
    expect(limited.stderr).toMatch(/loop\.s is inconclusive, not a divergence; /);
    const twin = file('bad.data', '-- asm\nmov %r0, 5\nexit\n-- result\n0x6\n');
    const both = await cli(['check', twin, ...paths, '--expect-failures', list('bad.data # states 6')]);
    expect(both.code).toBe(1);
    expect(both.stderr).toMatch(/bad\.data names several cases; /);
  });

  it.each([
    ['a line without a reason', ['bad.data'], /line 1: "bad\.data" has no reason; write "name # why it div/],
    ['an empty reason', ['', 'bad.data #  '], /line 2: "bad\.data #" has no reason/],
    ['a reason that touches the name', ['bad.data#x'], /line 1: "bad\.data#x" has no reason/],
    ['a name twice', ['a # x', 'b # y', ' a # z'], /line 3: "a" stands on line 1 already; take one out/],
  ])('exits with 2 for %s, and judges nothing', async (_, lines, why) => {
    const { code, stdout, stderr } = await cli(['check', ...paths, '--expect-failures', list(...lines)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^bpf-oracle: expected failures: [^\n]+\n$/);
    expect(stderr).toMatch(why);
  });

  it('exits with 2 for a list that is not there, and for bytes that are no text', async () => {
    const missing = await cli(['check', ...paths, '--expect-failures', join(dir, 'no.txt')]);
    expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/no such file/) });
    const binary = file('list.bin', Uint8Array.of(0xff, 0x00, 0x1b, 0x5b, 0x41));
    const bytes = await cli(['check', ...paths, '--expect-failures', binary]);
    expect(bytes).toMatchObject({ code: 2, stdout: '' });
    expect(bytes.stderr).toMatch(/^bpf-oracle: [\x20-\x7e]+\n$/);
  });
});

describe('nothing ran', () => {
  const loop = file('spin.s', 'l0:\ngoto l0\n');
  it.each([
    ['conformance: no tests in the folder', ['conformance', empty]],
    ['replay: no cases in the folder', ['replay', empty]],
    ['check: all skipped', ['check', join(folder, 'refused.data')]],
    ['replay: all skipped', ['replay', join(folder, 'refused.data')]],
    ['check: all inconclusive', ['check', '--insn-limit', '9', loop]],
    ['fuzz --lane hostile: no time', ['fuzz', '--lane', 'hostile', '--time', '0.000001']],
  ])('is exit code 4, %s', async (_, argv) => {
    const { code, stdout, stderr } = await cli(argv);
    expect(code).toBe(4);
    expect(stdout + stderr).not.toBe('');
  });

  it('a folder without cases is told, and still a document', async () => {
    const { stdout, stderr } = await cli(['conformance', '--reporter', 'json', empty]);
    expect(stderr).toBe(
      `bpf-oracle: conformance: ${empty}: holds no .data files; name the folder that does\n`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ summary: { ran: 0 }, results: [] });
  });

  it('a run of expected failures alone did run', async () => {
    const path = list('bad.data # states 6');
    const { code } = await cli(['check', join(folder, 'bad.data'), '--expect-failures', path]);
    expect(code).toBe(0);
  });
});
