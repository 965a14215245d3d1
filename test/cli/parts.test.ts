import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf, failureText, worst } from '../../src/cli/failure.ts';
import { parseHex } from '../../src/cli/hex.ts';
import { wantsColor } from '../../src/cli/io.ts';
import { isPluginCall, parsePluginCall } from '../../src/cli/plugin-call.ts';
import { listDirectory, readFile } from '../../src/cli/read-file.ts';
import { badInput, OracleError } from '../../src/core/errors.ts';
import { fakeIo } from './fake-io.ts';

describe('parseHex', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['b4  00  00 ', [0xb4, 0, 0]],
    ['b4 00 00', [0xb4, 0, 0]],
    ['B40000', [0xb4, 0, 0]],
    ['0xb4 0x00\n', [0xb4, 0]],
  ])('%j', (text, bytes) => {
    expect([...parseHex(text, 'memory')]).toEqual(bytes);
  });

  it.each(['b', 'b4 0', 'zz', '0x', '-1'])('refuses %j with one line', (text) => {
    expect(() => parseHex(text, 'memory')).toThrow(/^hex: memory: "[^"]+" is not hex bytes; /);
  });
});

describe('the plugin protocol', () => {
  it.each<[string, string[], Partial<ReturnType<typeof parsePluginCall>>]>([
    ['memory before our words, as the runner calls', ['aa  bb ', 'run', '--plugin'], { program: null }],
    ['program first', ['run', '--plugin', '--program', 'b7', 'aa bb'], { program: 'b7' }],
    ['program last', ['run', '--plugin', 'aabb', '--program', 'b7  00 '], { program: 'b7  00 ' }],
    ['elf and jit', ['aabb', 'run', '--plugin', '--jit', '--elf'], { elf: true, machine: 'jit' }],
    [
      'words of other plugins',
      ['run', '--plugin', '--debug', '--interpret', 'aabb'],
      { machine: 'interpreter' },
    ],
  ])('%s', (_, argv, call) => {
    expect(isPluginCall(argv)).toBe(true);
    expect(parsePluginCall(argv)).toMatchObject({ memory: Uint8Array.of(0xaa, 0xbb), ...call });
  });

  it('takes no memory, or an empty one', () => {
    expect(parsePluginCall(['run', '--plugin']).memory).toHaveLength(0);
    expect(parsePluginCall(['', 'run', '--plugin', '--program', 'b7']).memory).toHaveLength(0);
  });

  it.each([
    ['an unknown word', ['run', '--plugin', '--fast'], /^run --plugin: --fast: /],
    ['two memories', ['aa', 'run', '--plugin', 'bb'], /^run --plugin: "bb": /],
    ['no program after --program', ['run', '--plugin', '--program'], /^run --plugin: --program: /],
    ['bad hex', ['run', '--plugin', 'xyz'], /^hex: memory: /],
  ])('refuses %s', (_, argv, message) => {
    expect(() => parsePluginCall(argv)).toThrow(message);
  });

  it.each([[['run', 'x.o']], [['check', '--plugin']], [['run', '--plugin', '--help']]])(
    '%j is none',
    (argv) => {
      expect(isPluginCall(argv)).toBe(false);
    },
  );
});

describe('failures', () => {
  const engine = new OracleError('engine', { what: 'load libunicorn', where: 'x', why: 'no' });
  const usage = new CommanderError(
    1,
    'commander.unknownOption',
    "error: unknown option '--x'\n(Did you mean --y?)",
  );

  it.each<[string, unknown, number, string]>([
    ['bad input', badInput('read', 'x.o', 'is empty'), 2, 'bpf-oracle: read: x.o: is empty\n'],
    ['a broken engine', engine, 3, 'bpf-oracle: load libunicorn: x: no\n'],
    [
      'bad usage',
      usage,
      2,
      `bpf-oracle: usage: check: unknown option '--x' (Did you mean --y?); see "bpf-oracle check --help"\n`,
    ],
    [
      'a full disk under standard output',
      Object.assign(new Error('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        syscall: 'write',
      }),
      3,
      'bpf-oracle: system: write: ENOSPC: no space left on device, write; make that possible and run again\n',
    ],
    [
      'a bug of ours, on one line',
      new TypeError('a\n  b'),
      3,
      'bpf-oracle: internal error: TypeError: a b: this is a bug of bpf-oracle; run again with --debug and report what it prints\n',
    ],
  ])('%s', (_, error, code, text) => {
    expect(exitCodeOf(error)).toBe(code);
    expect(failureText(error, { debug: false, command: 'check' })).toBe(text);
  });

  it('have a stack under --debug, with the cause', () => {
    const error = badInput('read', 'x', 'y', { cause: new Error('deep') });
    expect(failureText(error, { debug: true })).toMatch(
      /^bpf-oracle: read: x: y\n[\s\S]*\n\s+at [\s\S]*caused by: Error: deep/,
    );
  });

  it.each([
    [[EXIT.diverge, EXIT.bad, EXIT.broken], EXIT.broken],
    [[EXIT.bad, EXIT.diverge], EXIT.diverge],
    [[EXIT.nothing, EXIT.bad], EXIT.bad],
    [[EXIT.ok, EXIT.nothing], EXIT.nothing],
    [[EXIT.ok], EXIT.ok],
  ])('of %j the worst is %i', (codes, code) => {
    expect(worst(codes)).toBe(code);
  });
});

describe('wantsColor', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('terminal %j, environment %j: %j', (isTerminal, env, wanted) => {
    expect(wantsColor(fakeIo({ isTerminal, env }))).toBe(wanted);
  });
});

describe('readFile', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-'));
    writeFileSync(join(dir, 'good'), 'x');
    writeFileSync(join(dir, 'empty'), '');
    writeFileSync(join(dir, 'sparse'), '');
    truncateSync(join(dir, 'sparse'), 2 ** 30);
    mkdirSync(join(dir, 'sub'));
    symlinkSync('loop', join(dir, 'loop'));
    execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(dir, 'fifo')]);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('reads a regular file', () => {
    expect(Buffer.from(readFile(join(dir, 'good'))).toString()).toBe('x');
  });

  it.each([
    ['missing', /no such file/],
    ['empty', /is empty$/],
    ['sub', /is a directory; /],
    ['sparse', /has 1073741824 bytes; programs of more than 64 MiB are not read$/],
    ['fifo', /is a pipe, not a regular file$/],
    ['loop', /a symbolic link that leads to itself$/],
    ['good/x', /a part of the path is a file/],
  ])('refuses %s without reading it', (name, message) => {
    const path = join(dir, name);
    expect(() => readFile(path)).toThrow(message);
    expect(() => readFile(path)).toThrow(`read: ${path}: `);
  });

  it('refuses a device', () => {
    expect(() => readFile('/dev/zero')).toThrow('read: /dev/zero: is a device, not a regular file');
  });

  it('lists a directory, and nothing else', () => {
    expect(listDirectory(dir)).toEqual(['empty', 'fifo', 'good', 'loop', 'sparse', 'sub']);
    expect(() => listDirectory(join(dir, 'good'))).toThrow(/is not a directory/);
    expect(() => listDirectory(join(dir, 'missing'))).toThrow(/no such file/);
  });
});
