import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/bpf/elf.ts';
import { errorOf, objectFile, patched, sectionHeader, sectionOffset } from './elf-fixtures.ts';

const tiny = objectFile('tiny.o');
const messageOf = (bytes: Uint8Array): string => errorOf(() => readElf(bytes, { fileName: 'f.o' })).message;

/** Little-endian bytes of a number. */
const le = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);

/** tiny.o with one field of a section header changed. */
const withHeader = (section: string, field: number, values: readonly number[]): Uint8Array =>
  patched(tiny, sectionHeader(tiny, section) + field, values);

/** tiny.o with some bytes of a section's contents changed. */
const withContents = (section: string, offset: number, values: readonly number[]): Uint8Array =>
  patched(tiny, sectionOffset(tiny, section) + offset, values);

/** tiny.o followed by a symbol table of one symbol too many, all of them null. */
function bigSymtab(): Uint8Array {
  const bytes = new Uint8Array(tiny.length + 24 * 262_145);
  bytes.set(withHeader('.symtab', 24, [...le(tiny.length, 8), ...le(24 * 262_145, 8)]));
  return bytes;
}

/** sh_type NOBITS, sh_flags WA, sh_addr and sh_offset 0, sh_size 1 TiB. */
const HUGE_BSS = [...le(8, 4), ...le(3, 8), ...le(0, 16), ...le(2 ** 40, 8)];

const SYM = 24;
// Symbols of tiny.o: 3 twice, 4 entry, 5 pointer, 6 kfunc_one, 7 value (llvm-readelf -s).
const TWICE = 3 * SYM;
const ENTRY = 4 * SYM;
const VALUE = 7 * SYM;

describe('readElf refuses, naming what is wrong,', () => {
  it.each([
    ['an empty file', new Uint8Array(0), 'header: the file is empty'],
    ['text', new TextEncoder().encode('r0 = 1\nexit\n'), 'header: this is not an ELF file'],
    ['a cut header', tiny.subarray(0, 63), "header: the file ends after 63 of the header's 64 bytes"],
    ['a 32-bit object', patched(tiny, 4, [1]), 'header: class is 1; BPF objects are 64-bit'],
    ['a big-endian object', patched(tiny, 5, [2]), 'header: byte order is 2; only little-endian'],
    ['another version', patched(tiny, 6, [2]), 'header: the version is not 1'],
    ['an x86-64 object', patched(tiny, 18, le(62, 2)), 'header: machine is 62, not BPF (247)'],
    ['an executable', patched(tiny, 16, le(2, 2)), 'header: type is 2, not a relocatable object'],
    ['no sections', patched(tiny, 60, [0, 0]), 'section headers: there are none'],
    ['odd section headers', patched(tiny, 58, [40, 0]), 'section headers: their size is 40'],
    [
      'section headers past the end',
      patched(tiny, 40, le(1e6, 8)),
      '13 of them at offset 1000000 do not fit',
    ],
    [
      'an offset past 2^53',
      patched(tiny, 40, le(2 ** 63, 8)),
      'of them at offset 9223372036854776000 do not fit',
    ],
    ['no section names', patched(tiny, 62, [200, 0]), 'their names are in section 200, but there are 13'],
    ['section names that are code', patched(tiny, 62, [2, 0]), 'section 2, which holds no strings'],
  ])('%s', (_, bytes, want) => {
    expect(messageOf(bytes)).toContain(`read ELF: f.o: ${want.startsWith('header') ? want : ''}`);
    expect(messageOf(bytes)).toContain(want);
  });

  it.each([
    ['a section past the end', withHeader('xdp', 32, le(4096, 8)), 'section 3 (xdp): it lies at 88 to 4184'],
    [
      'a cut symbol table',
      withHeader('.symtab', 32, le(100, 8)),
      'its size 100 is not a whole number of 24-byte',
    ],
    ['too many symbols', bigSymtab(), 'section 12 (.symtab): 262145 entries; at most 262144 are read'],
    [
      'symbols without strings',
      withHeader('.symtab', 40, le(3, 4)),
      'sh_link is 3, which is no string table',
    ],
    [
      'relocations for no symbols',
      withHeader('.relxdp', 40, le(1, 4)),
      'sh_link is 1, which is not the symbol table',
    ],
    ['relocations with addends', withHeader('.relxdp', 4, le(4, 4)), 'relocations with addends (RELA)'],
    ['a relocation of nothing', withContents('.relxdp', 0, le(4096, 8)), 'entry 0 patches offset 4096'],
    [
      'two relocations of one place',
      withContents('.relxdp', 16, le(0, 8)),
      'entry 1 patches offset 0, as another',
    ],
    [
      'a relocation to no symbol',
      withContents('.relxdp', 12, le(99, 4)),
      'entry 0 names symbol 99, but there are 8',
    ],
    [
      'a wrong relocation type',
      withContents('.relxdp', 8, le(10, 4)),
      'xdp+0x0 (lddw): relocation type 10 does not fit',
    ],
    ['an unknown relocation type', withContents('.relxdp', 8, le(77, 4)), 'relocation type 77 does not fit'],
    ['a 4-byte pointer', withContents('.rel.data', 8, le(3, 4)), '.data+0x8: R_BPF_64_ABS32'],
    [
      'an odd relocation of data',
      withContents('.rel.data', 8, le(1, 4)),
      '.data+0x8: relocation type 1 has no meaning',
    ],
    [
      'a pointer past its section',
      withContents('.rel.data', 0, le(12, 8)),
      '.data+0xc: R_BPF_64_ABS64 patches 8 bytes',
    ],
    [
      'a function pointer in data',
      withContents('.rel.data', 12, le(3, 4)),
      'code addresses in data are not supported: it points to twice',
    ],
    ['data aligned too far', withHeader('.data', 48, le(65536, 8)), 'section 5 (.data): aligned to 65536'],
    [
      'more data than fits',
      patched(withContents('.rel.data', 8, le(0, 4)), sectionHeader(tiny, '.data') + 4, HUGE_BSS),
      '1099511627776 bytes of data in all',
    ],
    [
      'data that is not loaded',
      withHeader('.data', 8, le(0, 8)),
      'it refers to section 5 (.data), which is not loaded',
    ],
  ])('%s', (_, bytes, want) => {
    expect(messageOf(bytes)).toContain(want);
  });

  it.each([
    [
      'a symbol in no section',
      withContents('.symtab', ENTRY + 6, le(50, 2)),
      'symbol 4 (entry): it is in section 50, but there are 13',
    ],
    [
      'a symbol past its section',
      withContents('.symtab', ENTRY + 8, le(8, 8)),
      'symbol 4 (entry): value 8 and size 96 pass the end',
    ],
    [
      'a function of half an instruction',
      withContents('.symtab', ENTRY + 16, le(92, 8)),
      'are not whole 8-byte instructions',
    ],
    [
      'a function in the middle of one',
      withContents('.symtab', ENTRY + 8, [...le(4, 8), ...le(88, 8)]),
      'value 4 and size 88 are not whole',
    ],
    [
      'a function of size 0',
      withContents('.symtab', TWICE + 16, le(0, 8)),
      'symbol 3 (twice): a function of size 0',
    ],
    [
      'functions that overlap',
      withContents('.symtab', TWICE + 6, [...le(3, 2), ...le(8, 8)]),
      'it overlaps function entry',
    ],
    [
      'a function in data',
      withContents('.symtab', TWICE + 6, [...le(5, 2), ...le(0, 8), ...le(8, 8)]),
      'function in section 5 (.data), which holds no code',
    ],
    [
      'a name past the strings',
      withContents('.symtab', ENTRY, le(9999, 4)),
      'nothing complete at offset 9999',
    ],
    ['no program at all', withContents('.symtab', ENTRY + 4, [0x10]), 'no programs: no global function'],
    ['a call of no function', withContents('.symtab', TWICE + 4, [0x00]), 'no function starts at .text+0'],
    ['an undefined variable', withContents('.symtab', VALUE + 6, [0, 0]), 'unresolved symbol value'],
    ['a common variable', withContents('.symtab', VALUE + 6, le(0xfff2, 2)), 'compile with -fno-common'],
    [
      'an absolute variable',
      withContents('.symtab', VALUE + 6, le(0xfff1, 2)),
      'is in no section (st_shndx 65521)',
    ],
    [
      'an instruction that is none',
      withContents('.text', 0, [0xff]),
      'function twice (.text+0x0): insn 0 (opcode 0xff)',
    ],
    ['a function without an end', withContents('.text', 16, [0xb7]), 'falls off the end'],
  ])('%s', (_, bytes, want) => {
    expect(messageOf(bytes)).toContain(want);
  });

  it.each([
    ['xdp', 'unresolved symbol jiffies'],
    ['tc', 'unresolved symbol config'],
  ])('undefined variables, weak ones too: %s', (section, want) => {
    const run = (): unknown => readElf(objectFile('unresolved.o'), { fileName: 'unresolved.o', section });
    expect(errorOf(run).message).toContain(want);
  });

  it.each([
    ['xdp', 'maps are not supported: it refers to map hits'],
    ['tc', 'maps are not supported: it refers to map misses'],
  ])('maps: %s', (section, want) => {
    const run = (): unknown => readElf(objectFile('maps.o'), { fileName: 'maps.o', section });
    expect(errorOf(run).message).toContain(want);
  });

  it('but not an object for having them elsewhere', () => {
    const { program } = readElf(objectFile('maps.o'), { fileName: 'maps.o', section: 'socket' });
    expect(program.insns.length).toBe(2);
  });

  it('hostile names only on one line', () => {
    const strings = Buffer.from(tiny).lastIndexOf('\0entry\0') + 1;
    const bytes = patched(
      patched(tiny, strings, [0x0a, 0x1b]),
      sectionOffset(tiny, '.symtab') + ENTRY + 16,
      le(92, 8),
    );
    expect(messageOf(bytes)).toContain('symbol 4 (\\x0a\\x1btry)');
  });
});
