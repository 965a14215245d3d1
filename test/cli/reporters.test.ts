/** Every reporter behind every command that has them; `fuzz`, which takes a built copy, in test/fuzz/process.test.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { REPORTERS } from '../../src/report/index.ts';
import { cli, dir, example, file } from './cli.ts';
import { fakeIo } from './fake-io.ts';

const wrong = file('wrong.data', '-- asm\nmov %r0, 1\nexit\n-- result\n0x2\n');
const right = file('right.data', '-- asm\nmov %r0, 1\nexit\n-- result\n0x1\n');
const folder = join(dir, 'tests');
mkdirSync(folder);
writeFileSync(join(folder, 'right.data'), readFileSync(right));

const COMMANDS: readonly (readonly [name: string, argv: readonly string[], code: number])[] = [
  ['check', ['check', wrong, right, example('kfunc-12-args.s'), join(dir, 'none.s')], 1],
  ['conformance', ['conformance', folder], 0],
  ['replay', ['replay', right], 0],
  ['fuzz --lane hostile', ['fuzz', '--lane', 'hostile', '--runs', '20', '--seed', '1'], 0],
  [
    'mutants',
    ['mutants', '--mutant', 'leave-without-frame', '--seeds', '1', '--runs', '200', '--workers', '1'],
    0,
  ],
];

/** How a report begins. */
const BEGINS: Readonly<Record<keyof typeof REPORTERS, RegExp>> = {
  text: /^\S/,
  json: /^{\n {2}"schema": "bpf-oracle\/(check|fuzz|mutants)@1",\n/,
  junit:
    /^<\?xml .*\n<testsuites name="bpf-oracle (check|conformance|replay|fuzz|fuzz --lane hostile|mutants)" tests="\d+"/,
  tap: /^TAP version 14\n1\.\.\d+\n/,
  github: /^::(error|notice) /,
  sarif: /^{\n {2}"\$schema": ".*sarif-schema-2\.1\.0\.json",\n/,
  html: /^<!doctype html>\n/,
};

const NAMES = Object.keys(REPORTERS) as (keyof typeof REPORTERS)[];

describe.each(COMMANDS)('%s', (name, argv, code) => {
  it('writes all reports in one run, each to its file', async () => {
    const files = NAMES.map((reporter) => join(dir, `${name.replaceAll(' ', '-')}.${reporter}`));
    const targets = NAMES.flatMap((reporter, i) => ['--reporter', reporter, '--output', files[i] ?? '']);
    const ran = await cli([...argv, ...targets]);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    NAMES.forEach((reporter, i) => {
      const text = readFileSync(files[i] ?? '', 'utf8');
      expect(text).toMatch(BEGINS[reporter]);
      expect(text.endsWith('\n')).toBe(true);
    });
  });
});

describe('--reporter github', () => {
  it('adds to the page GitHub shows for the job, where it says which file that is', async () => {
    const summary = file('summary.md', '# before\n');
    const io = fakeIo({ env: { GITHUB_STEP_SUMMARY: summary } });
    expect(await main(['check', wrong, '--reporter', 'github'], io)).toBe(1);
    expect(io.written.stdout).toMatch(/^::error file=.*wrong\.data,title=Not the stated r0/);
    expect(await main(['check', right, '--reporter', 'text'], io)).toBe(0);
    expect(readFileSync(summary, 'utf8')).toMatch(/^# before\n## bpf-oracle check\n(?:.*\n)*.*wrong\.data/);
    expect(readFileSync(summary, 'utf8').match(/^## /gm)).toHaveLength(1);
  });

  it('says in one line that it cannot', async () => {
    const io = fakeIo({ env: { GITHUB_STEP_SUMMARY: join(dir, 'none', 'summary.md') } });
    expect(await main(['check', right, '--reporter', 'github'], io)).toBe(2);
    expect(io.written.stderr).toMatch(/^bpf-oracle: write: .*summary\.md: ENOENT.*\n$/);
  });
});

describe('lines of source', () => {
  const jit = ['--jit', 'mutant:swap-args-7-8-kfunc'];

  it('are marked where the guilty instruction is written', async () => {
    const path = file('calls.s', readFileSync(example('kfunc-12-args.s')));
    const { stdout } = await cli(['check', path, ...jit, '--reporter', 'github']);
    const [, line = ''] = /^::error file=.*calls\.s,line=(\d+),title=/.exec(stdout) ?? [];
    expect(readFileSync(path, 'utf8').split('\n')[Number(line) - 1]).toMatch(/call \w+/);
    expect(stdout).toMatch(/guilty: insn \d+: call \w+ \(.*calls\.s:\d+\)/);
  });

  it('are those of the C file beside an object, if it is there', async () => {
    const built = join(dir, 'built');
    mkdirSync(built);
    const path = join(built, 'kfunc.o');
    writeFileSync(path, readFileSync(example('kfunc.o')));
    const sourceSeen = async () => {
      const argv = ['check', path, '--jit', 'mutant:exit-pops-reversed', '--reporter', 'json'];
      return JSON.parse((await cli(argv)).stdout).results[0].source;
    };
    expect(await sourceSeen()).toBeUndefined();
    writeFileSync(join(built, 'kfunc.c'), '');
    expect(await sourceSeen()).toEqual({ file: join(built, 'kfunc.c'), line: expect.any(Number) });
  });
});
