/** `explain`: where both sides part ways, for people and as data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { judgingOptions } from '../../src/cli/judging-options.ts';
import { main } from '../../src/cli/main.ts';
import type { Explanation } from '../../src/report/explain/explanation.ts';
import { cli, dir, example, file } from './cli.ts';
import { fakeIo } from './fake-io.ts';

const SAVED = fileURLToPath(new URL('../report/explain/cases/incoming-8-too-low.data', import.meta.url));
const NEG = '-- asm\nmov32 %r0, 5\nneg32 %r0\nexit\n-- result\n0xfffffffb\n';
const BROKEN = ['--jit', 'mutant:neg32-as-64'];

async function explainJson(argv: readonly string[]): Promise<Explanation> {
  const { stdout } = await cli(['explain', '--reporter', 'json', ...argv]);
  return JSON.parse(stdout);
}

describe('explain', () => {
  it('points at the guilty instruction and exits with 1', async () => {
    const path = file('neg.data', NEG);
    const { code, stdout, stderr } = await cli(['explain', path, ...BROKEN]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout.split('\n').slice(1, 4)).toEqual([
      'guilty  insn 1 of main: w0 = -w0 (stage: insn), after 1 insn',
      'native  48 f7 d8 at 0x11',
      'what    r0 (rax) is 0xfffffffffffffffb (its low 32 bits, sign-extended), should be 0xfffffffb',
    ]);
    expect(stdout).toContain(`\nagain:  bpf-oracle check ${path} --jit mutant:neg32-as-64\n`);
  });

  it('is the command that check names under a divergence, for people and for CI', async () => {
    const path = file('a b.data', NEG);
    const setup = [...BROKEN, '--no-bmi2', '--insn-limit', '99'];
    const list = file('none.txt', '# nothing\n');
    const tap = join(dir, 'why.tap');
    const reports = ['--reporter', 'text', '--reporter', 'tap', '--output', tap];
    const { stdout } = await cli(['check', path, ...setup, '--expect-failures', list, ...reports]);
    const words = `explain ${setup.join(' ')} '${path}'`;
    expect(stdout).toContain(`\n  why: bpf-oracle ${words}\n`);
    expect(readFileSync(tap, 'utf8')).toContain(`"why: bpf-oracle ${words}"`);
    const { code, stdout: why } = await cli(['explain', ...setup, path]);
    expect(code).toBe(1);
    expect(why).toContain('guilty  insn 1 of main');
  });

  it('takes every option that decides how check, conformance and replay judge a case', async () => {
    const optionsOf = async (command: string): Promise<string[]> =>
      (await cli([command, '--help'])).stdout.match(/^ {2}--[a-z0-9-]+/gm) ?? [];
    const known = await optionsOf('explain');
    for (const command of ['check', 'conformance', 'replay']) {
      const options = (await optionsOf(command)).map((option) => option.trim());
      const judging = judgingOptions(
        options.flatMap((option) => [option, 'x']),
        { command, operands: ['x'] },
      );
      expect(judging.length).toBeGreaterThan(3);
      const own = judging.filter((option) => !option.startsWith('--plugin'));
      expect(known.map((option) => option.trim())).toEqual(expect.arrayContaining(own));
    }
  });

  it('has nothing to say where both sides agree', async () => {
    expect(await cli(['explain', file('neg.data', NEG)])).toEqual({
      code: 0,
      stdout: `${join(dir, 'neg.data')}: agree: nothing to explain: both sides agree, r0 = 0x00000000fffffffb\n`,
      stderr: '',
    });
  });

  it('writes the page of an HTML report that begins with the case', async () => {
    const output = join(dir, 'neg.html');
    const argv = ['explain', file('neg.data', NEG), ...BROKEN, '--reporter', 'html', '--output', output];
    expect(await cli(argv)).toEqual({ code: 1, stdout: '', stderr: '' });
    const html = readFileSync(output, 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toMatch(/"opens":0\b/);
    const { code, stdout } = await cli(['explain', file('neg.data', NEG), '--reporter', 'html']);
    expect(code).toBe(0);
    expect(stdout).not.toContain('"opens"');
  });

  it('says why a case proves nothing, and exits with 4', async () => {
    const path = file('poison.s', 'r0 = r5\nexit\n');
    const { code, stdout } = await cli(['explain', path]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/: inconclusive: the program relies on an undefined value: /);
    const skipped = file('error.data', '-- asm\nexit\n-- error\nbad program\n');
    expect(await cli(['explain', skipped])).toMatchObject({
      code: 4,
      stdout: `${skipped}: skipped: it states an error, not a result: "bad program"\n`,
    });
  });

  it('of a saved case takes the JIT from the file, and tells how to replay and to shrink it', async () => {
    const { code, stdout } = await cli(['explain', SAVED]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nagain: {2}bpf-oracle replay \S*incoming-8-too-low\.data\n/);
    expect(stdout).toContain('shrink: bpf-oracle fuzz --seed 1 --path 0 --jit mutant:incoming-8-too-low  # ');
  });

  it('offers no shrinking where another generator made the case', async () => {
    const text = readFileSync(SAVED, 'utf8').replace(
      '# oracle: seed',
      '# oracle: generator 00\n# oracle: seed',
    );
    const { stdout } = await cli(['explain', file('old.data', text)]);
    expect(stdout).not.toContain('shrink:');
  });

  it('writes Intel syntax too', async () => {
    const { stdout } = await cli(['explain', SAVED, '--syntax', 'intel']);
    expect(stdout).toContain('mov rcx, [rbp+0x20]');
  });

  it.each([40, 80, 100, 200])('fits a terminal of %i columns and 40 lines', async (columns) => {
    const io = { ...fakeIo({ isTerminal: true }), columns };
    expect(await main(['explain', SAVED], io)).toBe(1);
    const lines = stripVTControlCharacters(io.written.stdout).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    const shown = lines.filter((line) => !/^(again|shrink):/.test(line));
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 100));
  });

  it('has colours on a terminal only', async () => {
    const io = fakeIo({ isTerminal: true });
    await main(['explain', SAVED], io);
    expect(io.written.stdout).toContain('\x1b[');
    expect((await cli(['explain', SAVED])).stdout).not.toContain('\x1b[');
  });

  it('gives everything as JSON, with as many steps as asked for', async () => {
    const all = await explainJson([SAVED]);
    expect(all).toMatchObject({
      schema: 'bpf-oracle/explain@1',
      verdict: 'diverge',
      convention: 'linux',
      jit: 'mutant:incoming-8-too-low',
      culprit: { pc: 12, stage: 'insn', subprogName: 'f1' },
      source: { origin: { seed: 1, shrinks: 21 } },
    });
    expect(all.trace?.steps.length).toBe(13);
    expect((await explainJson([SAVED, '--steps', '3'])).trace).toMatchObject({ first: 10 });
  });

  it('writes to a file', async () => {
    const output = join(dir, 'why.json');
    const { stdout } = await cli(['explain', SAVED, '--reporter', 'json', '--output', output]);
    expect(stdout).toBe('');
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ schema: 'bpf-oracle/explain@1' });
  });

  it('repeats in its commands what the run depends on, fit for a shell', async () => {
    const path = file("it's $(neg).data", NEG);
    const options = ['--mem', '01ff', '--proto', 'f=3', '--no-bmi2', '--insn-limit', '50'];
    const { source } = await explainJson([path, ...options]);
    const quoted = `'${path.replaceAll("'", "'\\''")}'`;
    expect(source.replay).toBe(`bpf-oracle check ${quoted} --proto f=3 --mem 01ff --insn-limit 50 --no-bmi2`);
  });

  it('keeps names of files from drawing on the terminal', async () => {
    const path = file('\x1b[2Jneg.data', NEG);
    const { stdout } = await cli(['explain', path, ...BROKEN]);
    expect(stdout.split('\nagain:')[0]).not.toContain('\x1b');
  });

  it('explains programs of objects', async () => {
    const { code, stdout } = await cli(['explain', example('divmod.o'), '--jit', 'mutant:sdiv-as-udiv']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^guilty {2}insn \d+ of signed_64: r0 s\/= r2 /m);
  });

  it.each([
    [['missing.data'], /^bpf-oracle: read: missing\.data: no such file; /],
    [[SAVED, '--steps', '0'], /--steps/],
    [[SAVED, '--reporter', 'junit'], /Allowed choices are text, json/],
    [
      [example('divmod.o'), '--jit', 'mutant:nobody'],
      /^bpf-oracle: usage: --jit mutant:nobody: there is no such /,
    ],
    [
      [example('divmod.o'), '--jit', 'mutant:div-loses-rax', '--convention', 'v3'],
      /it breaks the convention linux, not v3; leave out --convention$/m,
    ],
    [
      [example('divmod.o'), '--jit', 'mutant:v3-drops-nothing'],
      /it breaks the convention v3, not linux; add --convention v3$/m,
    ],
  ])('refuses %j in one line', async (argv, message) => {
    const { code, stdout, stderr } = await cli(['explain', ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });
});
