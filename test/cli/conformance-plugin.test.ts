/** `conformance --plugin`: any plugin of bpf_conformance, and every way not to be one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JsonReport } from '../../src/report/check-document.ts';
import { cli, dir } from './cli.ts';

const tests = join(dir, 'tests');
mkdirSync(tests);
const test = (name: string, text: string): void => writeFileSync(join(tests, `${name}.data`), text);
test('five', '-- asm\nmov %r0, 5\nexit\n-- result\n0x5\n');
test('memory', '-- asm\nldxb %r0, [%r1]\nexit\n-- mem\n2a 01\n-- result\n0x2a\n');
test('odd', '-- asm\nmov %r0, 7\nexit\n-- error\nno such thing\n');
test('fault', '-- asm\nmov %r1, 0\nldxdw %r0, [%r1+8]\nexit\n-- result\n0x0\n');

const bin = fileURLToPath(new URL('../../bin/bpf-oracle.js', import.meta.url));

async function ask(plugin: string, ...more: string[]) {
  const argv = ['conformance', tests, '--plugin', plugin, '--reporter', 'json', ...more];
  const { code, stdout, stderr } = await cli(argv);
  const report: JsonReport = JSON.parse(stdout);
  const of = (name: string) => report.results.find((result) => result.file === join(tests, `${name}.data`));
  return { code, stderr, report, of };
}

/** Writes down how it was called, and answers 0x5. */
const log = join(dir, 'calls');
const note = `f() { line=$(printf '%s,' "$@"; tr '\\n' ';'); echo "$line" >>'${log}'; echo 5; }; f`;
const calls = (): string[] => readFileSync(log, 'latin1').trim().split('\n').sort();
const commandLine = (pid: string): string =>
  existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
const MEMORY = '2a  01  ';
const FIVE = `${'b7  00  00  00  05  00  00  00  95'}${'  00'.repeat(7)}  ;`;

describe('conformance --plugin', () => {
  it('judges this project’s own plugin: what it says is what tests state', async () => {
    const { code, of } = await ask(`node ${bin}`, '--plugin-options', 'run --plugin --jit', '--workers', '2');
    expect(of('five')).toMatchObject({ verdict: 'agree', r0: '0x0000000000000005', expected: '0x5' });
    expect(of('memory')).toMatchObject({ verdict: 'agree', r0: '0x000000000000002a' });
    expect(of('odd')).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('no such thing') });
    expect(of('fault')).toMatchObject({ verdict: 'skipped', reason: expect.stringMatching(/8-byte read/) });
    expect(code).toBe(0);
  }, 120_000);

  it('calls it as bpf_conformance does: memory, then options, the program on standard input', async () => {
    writeFileSync(log, '');
    const { code, of } = await ask(note, '--plugin-options', '--jit  --profile safe');
    const five = '--jit,--profile,safe,';
    expect(calls()).toEqual([
      `${five}${FIVE}`,
      expect.stringMatching(/^--jit,--profile,safe,b7 {2}01 /),
      expect.stringMatching(new RegExp(`^${MEMORY},--jit,--profile,safe,71 {2}10 `)),
    ]);
    expect(of('memory')).toMatchObject({
      verdict: 'diverge',
      divergences: [
        { field: 'r0', want: '0x000000000000002a', got: '0x0000000000000005' },
        { field: 'jit r0', want: '0x000000000000002a', got: '0x0000000000000005' },
      ],
    });
    // It came to an end where the program cannot.
    expect(of('fault')).toMatchObject({ verdict: 'diverge', divergences: [{ field: 'outcome' }] });
    expect(code).toBe(1);
  });

  it('gives one that takes its first word for the memory an empty one', async () => {
    writeFileSync(join(dir, 'rbpf_plugin'), `#!/bin/sh\n${note} "$@"\n`, { mode: 0o755 });
    writeFileSync(log, '');
    await ask(join(dir, 'rbpf_plugin'), '--plugin-options', '--jit');
    expect(calls()).toContain(`,--jit,${FIVE}`);
  });

  // biome-ignore format: a table
  it.each([
    ['refuses',            'echo "no such opcode" >&2; exit 1;', 'skipped',      /^no such opcode$/],
    ['says it on stdout',  'echo "bad  thing"; exit 2;',         'skipped',      /^bad thing$/],
    ['says nothing',       'exit 3;',                            'skipped',      /^it ended with exit code 3$/],
    ['dies',               'kill -SEGV $$;',                     'inconclusive', /^it was ended by SIGSEGV$/],
    ['has a child die',    'sh -c "kill -SEGV \\$\\$";',         'inconclusive', /^it printed no number: ""$|exit code 139/],
    ['prints words',       'echo hello;:',                       'inconclusive', /^it printed no number: "hello"$/],
    ['prints too many digits', 'echo 11112222333344445;:',       'inconclusive', /^it printed no number/],
    ['floods its output',  'yes;',                               'inconclusive', /^more than 65536 bytes of output$/],
    ['floods its errors',  'yes >&2;',                           'inconclusive', /^more than 65536 bytes of output$/],
  ])('of one that %s', async (_, plugin, verdict, reason) => {
    const { code, of } = await ask(plugin);
    expect(of('five')).toMatchObject({ verdict, reason: expect.stringMatching(reason) });
    expect(code).toBe(4);
  });

  it('ends one that is late, with all it has started', async () => {
    const { of } = await ask(`sleep 4141 & sleep 4141;`, '--plugin-timeout', '1', '--workers', '4');
    expect(of('five')).toMatchObject({ verdict: 'inconclusive', reason: 'no answer within 1 s' });
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes('4141'));
    expect(left).toEqual([]);
  });

  it('refuses options of our own machines beside it', async () => {
    const { code, stderr } = await cli(['conformance', tests, '--plugin', 'x', '--jit', 'dpdk']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^bpf-oracle: usage: --plugin with --jit: .*\n$/),
    ]);
  });

  it('judges the others beside a file that cannot be read', async () => {
    test('broken', '-- asm\nnonsense\n-- result\n0\n');
    const { code, stderr, of } = await ask('echo 5;:');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^bpf-oracle: .*broken\.data/);
    expect(of('five')).toMatchObject({ verdict: 'agree' });
  });

  it.each(['/nope/plugin', 'no-such-plugin --jit', '/etc'])(
    'refuses %s, which cannot be run',
    async (plugin) => {
      const { code, stdout, stderr } = await cli(['conformance', tests, '--plugin', plugin]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(
        /^bpf-oracle: usage: --plugin .*: it cannot be run \(.*\); give the command of a plugin\n$/m,
      );
    },
  );

  it('judges by a plugin that exits as a shell does without a command', async () => {
    const { stderr, report } = await ask('f() { echo "sh: 1: other: not found" >&2; exit 127; }; f');
    expect(stderr).not.toContain('usage');
    expect(report.summary).toMatchObject({ agree: 0, inconclusive: 3 });
  });
});
