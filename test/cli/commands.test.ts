/** `run`, its plugin protocol, `jit` and `conformance`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, dir, EXIT, example, file, hexOf, MOV_R0_5 } from './cli.ts';

describe('run', () => {
  it('prints r0', async () => {
    expect(await cli(['run', file('r.hex', hexOf(MOV_R0_5, EXIT))])).toEqual({
      code: 0,
      stdout: '0x5\n',
      stderr: '',
    });
  });

  it('gives the program its memory', async () => {
    const path = file('load.s', 'r0 = *(u8 *)(r1 + 1)\nexit\n');
    expect((await cli(['run', '--mem', '01ab', path])).stdout).toBe('0xab\n');
  });

  it.each<[string, string, string[], number, string]>([
    [
      'a fault',
      'r1 = 16\nr0 = *(u64 *)(r1 + 0)\nexit\n',
      [],
      1,
      '8-byte read from 0x0000000000000010, at insn 1: r0 = *(u64 *)(r1 + 0)',
    ],
    ['an undefined value', 'r0 = r3\nexit\n', [], 1, 'use of poison: '],
    ['no end', 'l0:\ngoto l0\n', ['--insn-limit', '10'], 4, 'insn limit 10 reached'],
    ['no meaning', 'r1 = 1\ncallx r1\nexit\n', [], 4, 'unsupported: callx, at insn 1: callx r1'],
  ])('names %s', async (_, text, options, code, message) => {
    const path = file('fault.s', text);
    const ran = await cli(['run', ...options, path]);
    expect(ran).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(`bpf-oracle: run: ${path}: ${message}`),
    });
  });
});

describe('run --plugin', () => {
  const program = 'b7  00  00  00  05  00  00  00  95  00  00  00  00  00  00  00 ';
  const loadByte = '71 10 01 00 00 00 00 00 95 00 00 00 00 00 00 00';

  it.each<[string, string[], string, string]>([
    ['a program on standard input', ['run', '--plugin'], `${program}\n`, '5\n'],
    ['on the JIT', ['run', '--plugin', '--jit'], `${program}\n`, '5\n'],
    ['memory before our words', ['01  ab ', 'run', '--plugin'], `${loadByte}\n`, 'ab\n'],
    [
      'everything on the command line',
      ['run', '--plugin', '--program', loadByte, '01 ab', '--debug'],
      '',
      'ab\n',
    ],
    ['empty memory', ['', 'run', '--plugin', '--program', program], '', '5\n'],
  ])('%s', async (_, argv, stdin, stdout) => {
    expect(await cli(argv, stdin)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('an ELF object', async () => {
    const elf = `${Buffer.from(readFileSync(example('fnv1a.o'))).toString('hex')}\n`;
    const { stdout } = await cli(['run', example('fnv1a.o')]);
    expect(await cli(['run', '--plugin', '--elf'], elf)).toMatchObject({ code: 0, stdout: stdout.slice(2) });
  });

  it.each<[string, string[], string, RegExp]>([
    ['no program', ['run', '--plugin'], '', /^bpf-oracle: /],
    ['no hex', ['run', '--plugin'], 'hello', /^bpf-oracle: hex: program: /],
    ['a fault', ['run', '--plugin', '--program', loadByte], '', /1-byte read from/],
    ['a fault on the JIT', ['run', '--plugin', '--jit', '--program', loadByte], '', /1-byte read from/],
    ['an unknown word', ['run', '--plugin', '--fast'], '', /--fast/],
  ])('%s is an error on standard error', async (_, argv, stdin, message) => {
    const { code, stdout, stderr } = await cli(argv, stdin);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('jit', () => {
  it('prints a listing, or the bare image', async () => {
    const path = file('j.s', 'r0 = 5\nexit\n');
    expect((await cli(['jit', path])).stdout).toMatch(
      /^ {5}0: r0 = 5\n +0x[0-9a-f]+ {2}b8 05 00 00 00 +mov \$0x5, %eax$/m,
    );
    expect((await cli(['jit', '--syntax', 'intel', path])).stdout).toMatch(/ mov eax, 0x5$/m);
    const { stdout } = await cli(['jit', '--hex', path]);
    const bin = join(dir, 'image.bin');
    expect(await cli(['jit', '--bin', bin, path])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(`${readFileSync(bin).toString('hex')}\n`).toBe(stdout);
  });

  it('names the rewrites made before it', async () => {
    const path = file('div.s', 'r0 = 7\nr1 = 2\nr0 /= r1\nexit\n');
    expect((await cli(['jit', path])).stdout).toMatch(/r0 \/= r1 {2}; div-by-zero: \d+ insns$/m);
  });

  it('says what it does not compile', async () => {
    const path = file('x.s', 'r1 = 1\ncallx r1\nexit\n');
    expect(await cli(['jit', path])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/insn 1.*callx/),
    });
  });
});

describe('conformance', () => {
  it('runs a folder, three ways, and counts', async () => {
    const folder = join(dir, 'tests');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.data'), '-- asm\nmov %r0, 5\nexit\n-- result\n0x5\n');
    writeFileSync(join(folder, 'b.data'), '-- asm\ncall %r1\nexit\n-- result\n0x5\n');
    writeFileSync(join(folder, 'c.data'), '-- asm\nexit\n-- error\nbad\n');
    writeFileSync(join(folder, 'notes.txt'), 'not a test');
    const { code, stdout } = await cli(['conformance', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^agree +\S+a\.data/m);
    expect(stdout).toMatch(/^skipped +\S+b\.data .*callx/m);
    expect(stdout).toMatch(/^skipped +\S+c\.data +it states an error, not a result: "bad"$/m);
    expect(stdout).toMatch(/\nPassed 1 out of 1 tests, 2 skipped\.\n$/);
  });
});
