/** `check`: verdicts, reports and exit codes. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkJson, cli, dir, EXIT, file, hexOf, MOV_R0_5 } from './cli.ts';

describe('check', () => {
  it('agrees on a program, in text and in JSON', async () => {
    const path = file('five.hex', hexOf(MOV_R0_5, EXIT));
    expect(await cli(['check', path])).toEqual({
      code: 0,
      stdout: `agree  ${path}  r0 = 0x0000000000000005, 2 insns\n1 ran: 1 agree, 0 diverge, 0 inconclusive; 0 skipped\n`,
      stderr: '',
    });
    const { code, report } = await checkJson([path, '--mem', '01 02']);
    expect(code).toBe(0);
    expect(report).toEqual({
      schema: 'bpf-oracle/check@1',
      summary: { ran: 1, agree: 1, diverge: 0, inconclusive: 0, skipped: 0 },
      results: [
        {
          name: path,
          file: path,
          verdict: 'agree',
          reason: null,
          outcome: 'exit',
          r0: '0x0000000000000005',
          memory: '0102',
          insns: 2,
          divergences: [],
        },
      ],
    });
  });

  it('exits with 1 when a stated result is missed, by either side', async () => {
    const path = file('wrong.data', '-- asm\nmov %r0, 5\nexit\n-- result\n0x6\n');
    const { code, report } = await checkJson([path]);
    expect(code).toBe(1);
    expect(report.results[0]).toMatchObject({
      verdict: 'diverge',
      expected: '0x6',
      divergences: [
        { field: 'interpreter r0', want: '0x0000000000000006', got: '0x0000000000000005' },
        { field: 'jit r0', want: '0x0000000000000006', got: '0x0000000000000005' },
      ],
    });
  });

  it('gives .data tests the helper they expect', async () => {
    const path = file('unwind.data', '-- asm\nmov %r1, -1\ncall 5\nexit\n-- result\n0xffffffffffffffff\n');
    expect((await cli(['check', path])).code).toBe(0);
  });

  it('keeps checking after a bad file, and exits with 2', async () => {
    const good = file('good.hex', hexOf(MOV_R0_5, EXIT));
    const { code, report, stderr } = await checkJson([join(dir, 'missing'), good]);
    expect(code).toBe(2);
    expect(stderr).toBe(`bpf-oracle: read: ${join(dir, 'missing')}: no such file; check the path\n`);
    expect(report.summary).toEqual({ ran: 1, agree: 1, diverge: 0, inconclusive: 0, skipped: 1 });
    expect(report.results.map(({ verdict }) => verdict)).toEqual(['skipped', 'agree']);
  });

  it('a divergence counts more than bad input', async () => {
    const wrong = file('wrong2.data', '-- asm\nmov %r0, 5\nexit\n-- result\n0x6\n');
    expect((await cli(['check', join(dir, 'missing'), wrong])).code).toBe(1);
  });

  it('skips a directory among files, says so, and refuses one that is alone', async () => {
    const good = file('good3.hex', hexOf(MOV_R0_5, EXIT));
    mkdirSync(join(dir, 'src'));
    const { code, stdout } = await cli(['check', good, join(dir, 'src')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^skipped .*src +a directory$/m);
    const alone = await cli(['check', join(dir, 'src')]);
    expect(alone).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/: is a directory; /) });
  });

  it('exits with 4 when nothing came to a verdict, and says why', async () => {
    const callx = file('callx.s', 'r1 = 5\ncallx r1\nexit\n');
    const skips = await cli(['check', callx]);
    expect(skips.code).toBe(4);
    expect(skips.stdout).toMatch(/^skipped .*insn 1.*callx/m);
    const loop = file('loop.s', 'l0:\ngoto l0\n');
    const limited = await cli(['check', '--insn-limit', '1000', loop]);
    expect(limited.code).toBe(4);
    expect(limited.stdout).toMatch(/^inconclusive .* insn limit 1000 reached$/m);
  });

  it('takes prototypes, for kfuncs of any file; a store that they leave without a call refuses the program', async () => {
    const path = file(
      'kfunc.s',
      '*(u64 *)(r11 - 8) = 6\nr1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\ncall foo\nexit\n',
    );
    const r0s = new Set<string | null>();
    for (const proto of ['foo=u64,u64,u64,u64,u64,u64', 'foo=u64', 'foo=']) {
      const { code, report } = await checkJson(['--no-lint', '--proto', proto, path]);
      expect(code, proto).toBe(0);
      r0s.add(report.results[0]?.r0 ?? null);
    }
    expect(r0s.size).toBe(3);
    const refused = await cli(['check', '--proto', 'foo=u64', path]);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('func#0 writes 1 stack arg slots, but calls only require 0'),
    });
  });

  it('writes each report where it is asked to', async () => {
    const path = file('six.hex', hexOf('b700000006000000', EXIT));
    const out = join(dir, 'out.json');
    const ran = await cli(['check', '--reporter', 'json', '--output', out, '--reporter', 'text', path]);
    expect(ran.stdout).toMatch(/^agree/);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ schema: 'bpf-oracle/check@1' });
    const missing = join(dir, 'no', 'out.json');
    expect(await cli(['check', '--reporter', 'json', '--output', missing, path])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`bpf-oracle: write: ${missing}: `),
    });
  });

  it.each([
    ...['--bmi2', '--no-bmi2', '--endbr'],
    ...['--retpoline', '--return-thunk', '--call-depth', '--lfence', '--blinding=7'],
  ])('agrees with %s', async (flag) => {
    const path = file('shift.s', 'r0 = 1\nr1 = 7\nr0 <<= r1\nexit\n');
    expect((await cli(['check', flag, path])).code).toBe(0);
  });

  it('takes masks of blinding by whole numbers alone', async () => {
    const path = file('six.hex', hexOf('b700000006000000', EXIT));
    expect(await cli(['check', '--blinding', 'x', path])).toMatchObject({ code: 2 });
  });
});

describe('vacuity', () => {
  const missed = file('missed.s', 'r1 = 1\ncall 5\nexit\n');
  const vacuous = file('vacuous.s', 'r1 = 1\ncall 5\nr0 = 2\nexit\n');

  it('tells of calls that nothing misses, under the case and at the end', async () => {
    const { code, stdout } = await cli(['check', missed, vacuous]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^agree +\S+vacuous\.s .*\n {2}vacuous: nothing misses its call: insn 1\n/m);
    expect(stdout.match(/^ {2}vacuous/gm)).toHaveLength(1);
    expect(stdout).toMatch(
      /^vacuous: no call reached in 0 of 2 cases; no call missed when taken out in 1 of 2 tried \(1 of 2 calls is\)$/m,
    );
  });

  it('is in the JSON document', async () => {
    const { report } = await checkJson([missed, vacuous]);
    expect(report.vacuous).toMatchObject({ noCall: 0, sampled: 2, callWithoutEffect: 1 });
    expect(report.results.map((result) => result.vacuity?.withoutEffect)).toEqual([[], [1]]);
  });
});
