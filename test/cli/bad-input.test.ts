/** Every kind of bad input and bad usage: one line that says what, where, why; exit code 2. */
import { truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { objectFile, patched } from '../bpf/elf-fixtures.ts';
import { checkJson, cli, EXIT, example, file, hexOf, MOV_R0_5 } from './cli.ts';

describe('bad input is one line and exit code 2:', () => {
  const tiny = objectFile('tiny.o');
  it.each<[string, string, string | Uint8Array, RegExp]>([
    ['an empty file', 'a.o', '', /: is empty$/m],
    ['a truncated object', 'b.o', tiny.subarray(0, tiny.length / 2), /^bpf-oracle: read ELF: .*b\.o: /],
    [
      'a corrupt object',
      'c.o',
      patched(tiny, 40, [0xff, 0xff, 0xff, 0x7f]),
      /^bpf-oracle: read ELF: .*c\.o: /,
    ],
    ['an object of another machine', 'd.o', patched(tiny, 18, [62, 0]), /machine is 62, not BPF \(247\)/],
    ['an unresolved symbol', 'e.o', objectFile('unresolved.o'), /^bpf-oracle: read ELF: .*e\.o.*: /],
    [
      'an unknown opcode',
      'f.hex',
      hexOf('ff00000000000000', EXIT),
      /insn 0 \(opcode 0xff\): opcode is 0xff: no such instruction/,
    ],
    [
      'a reserved field',
      'g.hex',
      hexOf('b700010000000000', EXIT),
      /insn 0 \(opcode 0xb7\): off is 1: this field is reserved/,
    ],
    [
      'a jump out of range',
      'h.hex',
      hexOf('0500100000000000', EXIT),
      /insn 0 \(ja\): its target 17 is outside the program/,
    ],
    [
      'a jump into a wide instruction',
      'i.hex',
      hexOf('0500010000000000', '1800000000000000', '0000000000000000', EXIT),
      /insn 0 \(ja\): its target 2 is the second half of a wide instruction/,
    ],
    ['falling off the end', 'j.hex', hexOf(MOV_R0_5), /insn 0 \(alu\): falls off the end/],
    [
      'half an instruction',
      'k.bin',
      Uint8Array.of(0xb7, 0, 0),
      /3 bytes is not a whole number of 8-byte instructions/,
    ],
    ['text that is no assembly', 'l.s', 'hello world\n', /^bpf-oracle: assemble: .*l\.s:1: /],
  ])('%s', async (_, name, content, message) => {
    const path = file(name, content);
    const { code, stdout, stderr } = await cli(['check', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^bpf-oracle: [^\n]+: [^\n]+\n$/);
    expect(stderr).toContain(path);
  });

  it('a sparse file of 1 GiB', async () => {
    const path = file('sparse.o', '');
    truncateSync(path, 2 ** 30);
    expect(await cli(['check', path])).toMatchObject({ code: 2, stderr: expect.stringContaining('64 MiB') });
  });

  it('too many frames are no bad input, but inconclusive', async () => {
    const path = file('frames.s', 'call f\nexit\nf:\ncall f\nr0 = 0\nexit\n');
    const { code, stdout } = await cli(['check', path]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^inconclusive .* a 9th frame.*, at insn 2: call f$/m);
  });

  it('a stack trace comes only with --debug', async () => {
    const path = file('m.hex', hexOf(MOV_R0_5));
    expect((await cli(['check', path, '--debug'])).stderr).toMatch(/\n {4}at /);
    expect((await cli(['check', path])).stderr).not.toMatch(/\n {4}at /);
  });
});

describe('usage errors are one line and exit code 2:', () => {
  it.each<[string[], RegExp]>([
    [[], /no command/],
    [['frob'], /unknown command 'frob'/],
    [['chekc'], /unknown command 'chekc' \(Did you mean check\?\)/],
    [['check'], /missing required argument 'file'/],
    [['check', '--frob', 'x'], /check: unknown option '--frob'/],
    [
      ['check', '--engine', 'qemu', 'x'],
      /'qemu' is invalid. It can be one or several of unicorn, silicon.*; /,
    ],
    [
      ['check', '--jit', 'libbpf', 'x'],
      /'libbpf' is invalid. It can be builtin, dpdk, dpdk-interpreter, exec:COMMAND, image:FILE or mutant:NAME; /,
    ],
    [['check', '--convention', 'v9', 'x'], /'v9' is invalid. Allowed choices are linux, zero, reply, v3; /],
    [['check', '--reporter', 'xml', 'x'], /no reporter "xml"; there are text, json, junit, .*$/m],
    [['check', '--format', 'exe', example('gcd.bin')], /no such format `exe`; formats are elf, bin, hex/],
    [['check', '--reporter', 'text', '--reporter', 'json', 'x'], /two reports go to standard output/],
    [['check', '--output', 'a', '--output', 'b', 'x'], /put a --reporter before each --output/],
    [['check', '--mem', 'abc', 'x'], /"abc" is not hex bytes/],
    [['check', '--insn-limit', '-1', 'x'], /whole number from 1 on/],
    [['check', '--proto', 'foo=int', 'x'], /`int` is no type/],
    [['jit', '--syntax', 'masm', 'x'], /Allowed choices are att, intel/],
    [['run', 'a', 'b'], /too many arguments/],
    [['check', '--function', 'f', example('gcd.bin')], /can be chosen from an ELF object only/],
    [['conformance', example('gcd.bin')], /is not a directory/],
  ])('%j', async (argv, message) => {
    const { code, stdout, stderr } = await cli(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^bpf-oracle: [^\n]+: [^\n]+: [^\n]+\n$/);
  });

  it.each([[['--help']], [['check', '--help']], [['help', 'jit']], [['--version']]])(
    '%j is none',
    async (argv) => {
      const { code, stdout, stderr } = await cli(argv);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/./);
    },
  );
});

describe('an object with any one byte flipped', () => {
  it('is bad input, or a program both machines agree on, or told apart with a reason', async () => {
    const bytes = objectFile('tiny.o');
    const paths = Array.from(bytes, (byte, i) => file(`flip${i}.o`, patched(bytes, i, [byte ^ 0xff])));
    const { report, stderr, code } = await checkJson(['--insn-limit', '10000', ...paths]);
    expect(report.results).toHaveLength(bytes.length);
    expect(report.summary.diverge).toBe(0);
    expect(report.summary.agree).toBeGreaterThan(100);
    for (const line of stderr.trimEnd().split('\n'))
      expect(line).toMatch(/^bpf-oracle: (?:read|lint)[^\n]*flip\d+\.o/);
    for (const { verdict, reason } of report.results) {
      if (verdict !== 'agree') expect(reason).toMatch(/./);
    }
    expect(code).toBe(2);
  });
});
