import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { encode } from '../../src/bpf/encode.ts';
import { type FileOptions, load } from '../../src/bpf/load.ts';
import { OracleError } from '../../src/core/errors.ts';

const text = (source: string): Uint8Array => new TextEncoder().encode(source);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const RAW = Uint8Array.of(0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

const loadText = (source: string, fileName: string, options: Partial<FileOptions> = {}) =>
  load(text(source), { fileName, ...options });

describe('load: formats', () => {
  it.each([
    ['a.bin', RAW],
    ['no-extension', RAW],
    ['a.hex', text('b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00')],
    ['a', text('{ 0xb7, 0, 0, 0, 1 }, { 0x95, 0, 0, 0, 0 }')],
    ['a.s', text('r0 = 1\nexit\n')],
    ['a.asm', text('mov %r0, 1\nexit\n')],
    ['a.txt', text('0: (b7) r0 = 1\n1: (95) exit\n')],
    ['a.hex', text('00000000: b700 0000 0100 0000 9500 0000 0000 0000  ........\n')],
    ['crash-1234', text('Base64: twAAAAEAAACVAAAAAAAAAA==')],
    ['a.data', text('-- asm\nmov %r0, 1\nexit\n-- result\n1\n')],
    ['pasted', text('-- asm\nmov %r0, 1\nexit\n-- result\n1\n')],
    ['a.data', text('-- raw\n0x1000000b7\n0x95\n-- result\n1\n')],
    ['bom.s', Uint8Array.of(0xef, 0xbb, 0xbf, ...text('r0 = 1\nexit\n'))],
    ['dos.s', text('r0 = 1\r\nexit\r\n')],
  ])('%s', (fileName, bytes) => {
    const { program, name } = load(bytes, { fileName });
    expect(hexOf(encode(program.insns))).toBe(hexOf(RAW));
    expect(name).toBe(fileName);
  });

  it('obeys a format that is named', () => {
    expect(loadText('exit', 'a.bin', { format: 'asm' }).program.insns).toHaveLength(1);
  });

  it("takes an input of uBPF's fuzzer with its memory", () => {
    const got = load(Uint8Array.of(16, 0, 0, 0, ...RAW, 7), { fileName: 'crash-1' });
    expect(hexOf(encode(got.program.insns))).toBe(hexOf(RAW));
    expect(got.memory).toEqual(Uint8Array.of(7));
  });
});

describe('load: programs', () => {
  const CALLS = 'entry:\n call sum\n call kf\n exit\nsum:\n r0 = r1\n exit\n';

  it('names functions and callees and gives them their prototypes', () => {
    const protos = new Map([
      ['sum', 8],
      ['kf', 12],
      ['other', 1],
    ]);
    const { program } = loadText(CALLS, 'a.s', { protos });
    expect(program.subprogs.map(({ name, args }) => [name, args])).toEqual([
      ['entry', 5],
      ['sum', 8],
    ]);
    expect([...program.callees.values()]).toEqual([{ kind: 'kfunc', id: 1, name: 'kf', args: 12 }]);
  });

  it('takes prototypes of what has no name by its number', () => {
    const protos = new Map([
      ['main', 2],
      ['func_4', 7],
      ['helper_5', 3],
      ['kfunc_9', 9],
    ]);
    const source = 'mov %r0, 0\ncall local +2\ncall 5\nexit\ncall runtime 9\nexit\n';
    const { program } = loadText(source, 'a.asm', { protos });
    expect(program.subprogs.map(({ args }) => args)).toEqual([2, 7]);
    expect([...program.callees.values()].map(({ name, args }) => [name, args])).toEqual([
      ['helper_5', 3],
      ['kfunc_9', 9],
    ]);
  });
});

describe('load: assembly', () => {
  it('takes prototypes from its oracle lines', () => {
    const text = '# oracle: proto seen=u64,u32,ptr\nmain:\n  call seen\n  exit\n';
    const { program } = load(new TextEncoder().encode(text), { fileName: 'a.s' });
    expect(program.callees.get('kfunc:1')).toMatchObject({ name: 'seen', args: 3 });
  });
});

describe('load: .data', () => {
  it('gives memory, expected result and oracle lines', () => {
    const got = loadText(
      '# oracle: proto f=u64,u64,u64,u64,u64,u64\n# oracle: seed 7\n-- asm\ncall local f\nexit\nf:\nexit\n-- mem\n01 02\n-- result\n0x2a\n',
      'a.data',
    );
    expect(got.memory).toEqual(Uint8Array.of(1, 2));
    expect(got.expected).toBe(42n);
    expect(got.oracle?.get('seed')).toEqual(['7']);
    expect(got.program.subprogs[1]?.args).toBe(6);
    expect(got.skip).toBeUndefined();
  });

  it('prefers the prototype of the command line', () => {
    const source = '# oracle: proto f=12\n-- asm\ncall local f\nexit\nf:\nexit\n-- result\n0\n';
    expect(loadText(source, 'a.data', { protos: new Map([['f', 7]]) }).program.subprogs[1]?.args).toBe(7);
    expect(loadText(source, 'a.data').program.subprogs[1]?.args).toBe(12);
  });

  it.each([
    ['-- asm\nexit\n', 'it states neither a result nor an error'],
    ['-- asm\nexit\n-- result\n0\n-- unload\n', 'unknown directive `-- unload`'],
    [
      '# oracle: convention v9\n-- asm\nexit\n-- result\n0\n',
      'its convention `v9` is not in this build (linux, zero, reply, v3)',
    ],
    ['-- pyelf\ngarbage( \n', 'unknown directive `-- pyelf`'],
  ])('skips %j', (source, want) => {
    const got = loadText(source, 'a.data');
    expect(got.skip).toBe(want);
    expect(got.program.insns).toEqual([{ kind: 'exit' }]);
  });

  it('keeps the error a file expects', () => {
    const got = loadText('-- asm\nexit\n-- error\nboom\n', 'a.data');
    expect(got.expectedError).toBe('boom');
    expect(got.expected).toBeUndefined();
    expect(got.skip).toBeUndefined();
  });

  it('names the line of the file in errors of its assembly', () => {
    expect(() => loadText('# one\n-- asm\nmov %r0, 1\nmov %r0\nexit\n-- result\n1\n', 'a.data')).toThrow(
      'assemble: a.data:4: expected a number or a register after `%r0`, the line ends',
    );
  });
});

describe('load: refusals', () => {
  it.each<[string, Uint8Array, Partial<FileOptions>, string]>([
    ['a.bin', new Uint8Array(), {}, 'read program: a.bin: the file is empty'],
    ['a.s', text('\n'), {}, 'assemble: a.s: there is no instruction in it'],
    ['a.s', text('# only a comment\n'), {}, 'assemble: a.s: there is no instruction in it'],
    [
      'a.bin',
      Uint8Array.of(0xff, 0xfe, 0, 1, 2, 3, 4, 5),
      {},
      'decode: a.bin: insn 0 (opcode 0xff): opcode is 0xff: no such instruction',
    ],
    [
      'a.bin',
      Uint8Array.of(1, 2, 3),
      {},
      'decode: a.bin: program: 3 bytes is not a whole number of 8-byte instructions',
    ],
    [
      'a.s',
      Uint8Array.of(0, 1, 2),
      {},
      'read program: a.s: the file is not text (UTF-8); name its format if it is another one',
    ],
    [
      'a.s',
      Uint8Array.of(0x72, 0xff),
      {},
      'read program: a.s: the file is not text (UTF-8); name its format if it is another one',
    ],
    ['a.o', text('r0 = 1\nexit\n'), {}, 'read ELF: a.o: it does not begin with the ELF magic 7f 45 4c 46'],
    [
      'a.s',
      text('exit'),
      { format: 'tar' },
      'read program: a.s: no such format `tar`; formats are elf, bin, hex, asm, listing, data',
    ],
    [
      'a.s',
      text('exit'),
      { function: 'f' },
      'read program: a.s: `f` can be chosen from an ELF object only; this is asm',
    ],
    ['a.s', text('r0 = 1\n'), {}, 'program: a.s: insn 0 (alu): falls off the end of its function'],
    [
      'a.s',
      text('goto +5\nexit'),
      {},
      'program: a.s: insn 0 (ja): its target 6 is outside the program (0 to 1)',
    ],
    ['a.hex', text('b7 00'), {}, 'read hex: a.hex: 2 bytes are not a whole number of 8-byte instructions'],
    [
      'a.data',
      text('# oracle: proto f=u7\n-- asm\nexit\n-- result\n0\n'),
      {},
      'read prototype: a.data: `u7` is no type',
    ],
    [
      'a.data',
      text('# oracle: proto f\n-- asm\nexit\n-- result\n0\n'),
      {},
      'read prototype: a.data: `f` is not name=type,type,…',
    ],
    [
      'a.data',
      text('# oracle: proto f=13\n-- asm\nexit\n-- result\n0\n'),
      {},
      'read prototype: a.data: `f` has 13 arguments; there are at most 12',
    ],
  ])('%s %#', (fileName, bytes, options, want) => {
    const attempt = (): unknown => load(bytes, { fileName, ...options });
    expect(attempt).toThrow(OracleError);
    expect(attempt).toThrow(want);
    expect(attempt).not.toThrow('\n');
  });
});

const folder = fileURLToPath(new URL('../../../shared/conformance/', import.meta.url));

describe.skipIf(!existsSync(folder))('the conformance suite', () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.data')) : [];
  it.each(files)('%s loads and states a result', (file) => {
    const got = load(readFileSync(`${folder}/${file}`), { fileName: file });
    expect(got.skip).toBeUndefined();
    expect(got.expected).toBeTypeOf('bigint');
  });
});
