import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { parseDataFile, writeDataFile } from '../../src/bpf/data-file.ts';
import { decode } from '../../src/bpf/decode.ts';
import { encode } from '../../src/bpf/encode.ts';
import { buildProgram } from '../../src/bpf/program.ts';

const bytesOf = (words: readonly bigint[]): Uint8Array => new Uint8Array(new BigUint64Array(words).buffer);

describe('parseDataFile', () => {
  it('reads the sections, without comments and carriage returns', () => {
    const text =
      '# note\r\n-- asm\r\nmov %r0, 1 # one\r\nexit\r\n-- mem\r\n01 0xff\r\n0a\r\n-- result\r\n7\r\n0x2a\r\n';
    const got = parseDataFile(text, 'a.data');
    expect(got.asm.split('\n').slice(2, 4)).toEqual(['mov %r0, 1 ', 'exit']);
    expect(got.memory).toEqual(Uint8Array.of(1, 0xff, 10));
    expect(got.result).toBe(0x2an);
    expect(got.skip).toBeUndefined();
  });

  it.each([
    ['0x10', 16n],
    ['10', 10n],
    ['-1', 0xffff_ffff_ffff_ffffn],
    ['0xFFFFFFFFFFFFFFF6', 0xffff_ffff_ffff_fff6n],
  ])('reads the result %s', (text, want) => {
    expect(parseDataFile(`-- asm\nexit\n-- result\n${text}\n`, 'a').result).toBe(want);
  });

  it('matches directives by what they contain, in the order of bpf_conformance', () => {
    const text =
      '-- c\nfor (;;) x;\n-- asm (C)\nexit\n-- no register offset\ncall instruction\n-- result\n0\n';
    const got = parseDataFile(text, 'a');
    expect(got.asm.trim()).toBe('exit');
    expect(got.skip).toBeUndefined();
  });

  it.each([
    ['-- asm\nexit\n', 'it states neither a result nor an error'],
    ['-- result\n0\n', 'it has no instructions'],
    ['-- asm\nexit\n-- result\n0\n-- pyelf\nx\n', 'unknown directive `-- pyelf`'],
    ['-- asm\nexit\n-- no jit\n-- result\n0\n', 'unknown directive `-- no jit`'],
    ['-- asm @ prog.asm\n-- result\n0\n', '`-- asm @ prog.asm` takes its content from another file'],
    ['-- c\nwhile (i--) ;\n-- asm\nexit\n-- result\n0\n', 'unknown directive `while (i--) ;`'],
    ['', 'it has no instructions'],
  ])('skips %j', (text, want) => {
    expect(parseDataFile(text, 'a').skip).toBe(want);
  });

  it('keeps an expected error, of uBPF\'s "error pattern" too', () => {
    expect(parseDataFile('-- asm\nexit\n-- error pattern\nFailed to .*\n', 'a').error).toBe('Failed to .*');
  });

  it('lets raw words stand instead of assembly', () => {
    const got = parseDataFile('-- raw\n0x00000000000000b7 149\n-- result\n0\n', 'a');
    expect(got.raw).toEqual([0xb7n, 0x95n]);
  });

  it('passes over the offsets of a hexdump in mem', () => {
    expect(parseDataFile('-- mem\n0000: 01 02\n0002: 03\n', 'a').memory).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('keeps oracle lines, unknown ones too', () => {
    const got = parseDataFile(
      '# oracle: proto a=u64,u32\n#oracle: proto b=12\n# oracle: mood sunny day\n# oracle: flag\n-- asm\nexit\n',
      'a',
    ).oracle;
    expect([...got]).toEqual([
      ['proto', ['a=u64,u32', 'b=12']],
      ['mood', ['sunny day']],
      ['flag', ['']],
    ]);
  });

  it.each([
    ['-- result\nyes\n', 'read data file: a.data:2: `yes` is not a 64-bit number'],
    [
      '-- result\n0x10000000000000000\n',
      'read data file: a.data:2: `0x10000000000000000` is not a 64-bit number',
    ],
    ['-- raw\n\nzz\n', 'read data file: a.data:3: `zz` is not a 64-bit instruction word'],
    ['-- mem\n01 zz\n', 'read data file: a.data:2: `zz` is not a byte in hex (two digits, blanks between)'],
    ['-- mem\n0102\n', 'read data file: a.data:2: `0102` is not a byte in hex (two digits, blanks between)'],
  ])('refuses %j', (text, want) => {
    expect(() => parseDataFile(text, 'a.data')).toThrow(want);
  });
});

describe('writeDataFile', () => {
  it('writes what parseDataFile reads', () => {
    const memory = Uint8Array.from({ length: 20 }, (_, i) => i * 13);
    const oracle = new Map([
      ['seed', ['42']],
      ['proto', ['a=u64', 'b=u64,u64']],
    ]);
    const text = writeDataFile({
      comments: ['found\nby fuzzing'],
      oracle,
      asm: 'mov %r0, 1\nexit\n',
      memory,
      result: 1n,
    });
    expect(text).toContain('# found by fuzzing\n# oracle: seed 42\n# oracle: proto a=u64\n');
    const got = parseDataFile(text, 'a');
    expect(got.oracle).toEqual(oracle);
    expect(got.memory).toEqual(memory);
    expect(got.result).toBe(1n);
    expect(got.asm.trim()).toBe('mov %r0, 1\nexit');
  });
});

const folder = fileURLToPath(new URL('../../../shared/conformance/', import.meta.url));

describe.skipIf(!existsSync(folder))('the conformance suite', () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.data')) : [];
  it.each(files)('%s parses, assembles and makes a program', (file) => {
    const data = parseDataFile(readFileSync(`${folder}/${file}`, 'utf8'), file);
    expect(data.skip).toBeUndefined();
    const insns =
      data.raw === undefined
        ? assemble(data.asm, { name: file, dialect: 'mnemonic' }).insns
        : decode(bytesOf(data.raw));
    expect(decode(encode(insns))).toEqual(insns);
    expect(buildProgram(insns).insns).toEqual(insns);
  });
});
