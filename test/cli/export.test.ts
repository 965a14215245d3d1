/** `export`: a case in the forms of other tools. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, dir, example, file } from './cli.ts';

const BAD = { code: 2, stdout: '' };

describe('export', () => {
  it('writes a file that check judges as the one it came from', async () => {
    const output = join(dir, 'exported.data');
    const argv = ['export', example('kfunc-12-args.s'), '--to', 'data', '--output', output];
    expect(await cli(argv)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await cli(['check', output])).toMatchObject({ code: 0, stderr: '' });
    const want = await cli(['run', example('kfunc-12-args.s')]);
    expect(await cli(['run', output])).toEqual(want);
  });

  it('keeps how a case is to be compiled', async () => {
    const { stdout } = await cli([
      ...['export', example('bpf-12-args.s'), '--to', 'data'],
      ...['--jit', 'mutant:swap-args-7-8-bpf', '--no-bmi2', '--mem', '00ff'],
    ]);
    const again = file('mutant.data', stdout);
    expect(readFileSync(again, 'utf8')).toMatch(/^# oracle: bmi2 off$/m);
    const explained = await cli(['explain', again]);
    expect(explained.code).toBe(1);
    expect(explained.stdout).toContain('hash12 gets arg 7');
  });

  it('makes a file that names its case by seed and path alone whole', async () => {
    const bare = file('bare.data', '# oracle: seed 1\n# oracle: path 3\n');
    const { code, stdout } = await cli(['export', bare, '--to', 'asm']);
    expect(code).toBe(0);
    expect(stdout).toContain('\n# oracle: proto ');
  });

  it('compiles with the JIT it is given', async () => {
    const path = file('ret.s', 'r0 = 0\nexit\n');
    const { stdout } = await cli(['export', path, '--to', 'jited', '--endbr']);
    expect(stdout).toContain('__jited("\tendbr64")');
  });

  it('refuses what it cannot do in one line', async () => {
    const path = file('ret.s', 'r0 = 0\nexit\n');
    expect(await cli(['export', path])).toEqual({
      ...BAD,
      stderr:
        'bpf-oracle: usage: export: required option \'--to <form>\' not specified; see "bpf-oracle export --help"\n',
    });
    const unknown = await cli(['export', path, '--to', 'pdf']);
    expect(unknown).toMatchObject(BAD);
    expect(unknown.stderr).toMatch(/^bpf-oracle: usage: export: .*'pdf' is invalid.*\n$/);
    const absent = await cli(['export', join(dir, 'absent.s'), '--to', 'hex']);
    expect(absent).toMatchObject(BAD);
    expect(absent.stderr).toMatch(/^bpf-oracle: [^\n]*absent\.s[^\n]*\n$/);
    const error = file('error.data', '-- asm\nexit\n-- error\nbad program\n');
    expect(await cli(['export', error, '--to', 'hex'])).toEqual({
      ...BAD,
      stderr: `bpf-oracle: export: ${error}: it states an error, not a result: "bad program"; there is nothing to export\n`,
    });
    const nowhere = await cli(['export', path, '--to', 'hex', '--output', join(dir, 'no', 'such')]);
    expect(nowhere).toMatchObject(BAD);
  });
});
