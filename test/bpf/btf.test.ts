import { describe, expect, it } from 'vitest';
import { type Prototypes, readPrototypes } from '../../src/bpf/btf.ts';
import { errorOf, objectFile, sectionHeader } from './elf-fixtures.ts';

// Kinds, btf.rst §2.2.
const INT = 1;
const PTR = 2;
const ARRAY = 3;
const STRUCT = 4;
const TYPEDEF = 8;
const CONST = 10;
const FUNC = 12;
const FUNC_PROTO = 13;

/** One type: name (offset into STRINGS), kind, vlen, size or type, and the words that follow. */
type Row = readonly [name: number, kind: number, vlen: number, sizeOrType: number, ...rest: number[]];

/** Offsets: 1 `f`, 3 `g`. */
const STRINGS = '\0f\0g\0';

/** A .BTF section, little-endian. */
function section(
  rows: readonly Row[],
  header: Partial<Record<'magic' | 'version' | 'length', number>> = {},
): Uint8Array {
  const words = rows.flatMap(([name, kind, vlen, sizeOrType, ...rest]) => [
    name,
    (kind << 24) | vlen,
    sizeOrType,
    ...rest,
  ]);
  const bytes = new Uint8Array(24 + words.length * 4 + STRINGS.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, header.magic ?? 0xeb9f, true);
  view.setUint8(2, header.version ?? 1);
  const fields = [header.length ?? 24, 0, words.length * 4, words.length * 4, STRINGS.length];
  for (const [i, word] of [...fields, ...words].entries()) view.setUint32(4 + i * 4, word, true);
  bytes.set(new TextEncoder().encode(STRINGS), 24 + words.length * 4);
  return bytes;
}

const U64_TYPE: Row = [0, INT, 0, 8, 64];
const read = (rows: readonly Row[]): Record<string, number> => argsOf(readPrototypes(section(rows), 'f.o'));
const argsOf = (prototypes: Prototypes): Record<string, number> =>
  Object.fromEntries([...prototypes].map(([name, { args }]) => [name, args]));

describe('readPrototypes counts argument slots', () => {
  it.each<[string, Row[], number | undefined]>([
    ['none', [[0, FUNC_PROTO, 0, 1]], 0],
    ['two integers', [[0, FUNC_PROTO, 2, 1, 0, 1, 0, 1]], 2],
    ['twelve', [[0, FUNC_PROTO, 12, 1, ...Array.from({ length: 12 }, () => [0, 1]).flat()]], 12],
    [
      'a pointer',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, PTR, 0, 0],
      ],
      1,
    ],
    ['a variadic function, unknown', [[0, FUNC_PROTO, 2, 1, 0, 1, 0, 0]], undefined],
    [
      'an __int128',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, INT, 0, 16, 128],
      ],
      2,
    ],
    [
      'an empty struct',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, STRUCT, 0, 0],
      ],
      0,
    ],
    [
      'a struct of 12 bytes',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, STRUCT, 0, 12],
      ],
      2,
    ],
    [
      'a struct of 24 bytes, by address',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, STRUCT, 0, 24],
      ],
      1,
    ],
    [
      'a const typedef of a struct',
      [
        [0, FUNC_PROTO, 1, 1, 0, 3],
        [0, CONST, 0, 4],
        [3, TYPEDEF, 0, 5],
        [0, STRUCT, 0, 16],
      ],
      2,
    ],
  ])('of %s', (_, rest, want) => {
    const rows = [U64_TYPE, ...rest];
    expect(read([...rows, [1, FUNC, 1, 2]])).toEqual(want === undefined ? {} : { f: want });
  });

  it('and leaves out names whose functions differ', () => {
    const rows: Row[] = [U64_TYPE, [0, FUNC_PROTO, 1, 1, 0, 1], [0, FUNC_PROTO, 0, 1]];
    expect(read([...rows, [1, FUNC, 0, 2], [1, FUNC, 0, 3], [3, FUNC, 0, 2]])).toEqual({ g: 1 });
    expect(read([...rows, [1, FUNC, 0, 2], [1, FUNC, 0, 2]])).toEqual({ f: 1 });
    expect(read([...rows, [1, FUNC, 0, 2], [1, FUNC, 0, 3], [1, FUNC, 0, 3]])).toEqual({});
  });

  it('of what clang writes', () => {
    const bytes = objectFile('wide-args.o');
    const view = new DataView(bytes.buffer);
    const header = sectionHeader(bytes, '.BTF');
    const [offset, size] = [24, 32].map((field) => Number(view.getBigUint64(header + field, true))) as [
      number,
      number,
    ];
    const prototypes = readPrototypes(bytes.subarray(offset, offset + size), 'wide-args.o');
    expect(argsOf(prototypes)).toEqual({
      entry: 1,
      promoted: 1,
      kfunc_pair: 3,
      kfunc_big: 3,
      kfunc_none: 0,
    });
  });
});

describe('readPrototypes', () => {
  const twoWide: readonly Row[] = [
    U64_TYPE,
    [0, FUNC_PROTO, 3, 1, 0, 3, 0, 1, 0, 4],
    [0, STRUCT, 0, 12],
    [0, TYPEDEF, 0, 5],
    [0, INT, 0, 16, 128],
  ];

  it('tells of arguments that take two slots', () => {
    const f = readPrototypes(section([...twoWide, [1, FUNC, 1, 2]]), 'f.o').get('f');
    expect(f?.byValue).toEqual([
      { position: 1, slot: 1, type: 'STRUCT', bytes: 12, isScalar: true },
      { position: 3, slot: 4, type: 'INT', bytes: 16, isScalar: true },
    ]);
  });

  const member = (type: number): number[] => [0, type, 0];
  it.each<[string, Row[], boolean]>([
    ['numbers', [[0, STRUCT, 2, 16, ...member(1), ...member(1)]], true],
    [
      'a pointer',
      [
        [0, STRUCT, 2, 16, ...member(4), ...member(1)],
        [0, PTR, 0, 0],
      ],
      false,
    ],
    [
      'a structure with an array of numbers',
      [
        [0, STRUCT, 1, 16, ...member(4)],
        [0, STRUCT, 1, 16, ...member(5)],
        [0, ARRAY, 0, 0, 1, 1, 2],
      ],
      true,
    ],
    [
      'an array of pointers',
      [
        [0, STRUCT, 1, 16, ...member(4)],
        [0, ARRAY, 0, 0, 5, 1, 2],
        [0, PTR, 0, 0],
      ],
      false,
    ],
    [
      'an array of nothing',
      [
        [0, STRUCT, 1, 16, ...member(4)],
        [0, ARRAY, 0, 0, 1, 1, 0],
      ],
      false,
    ],
    ['itself', [[0, STRUCT, 1, 16, ...member(3)]], false],
  ])('tells what a structure by value is made of: %s', (_, rows, isScalar) => {
    const types: Row[] = [U64_TYPE, [0, FUNC_PROTO, 1, 1, 0, 3], ...rows];
    const f = readPrototypes(section([...types, [1, FUNC, 1, 2]]), 'f.o').get('f');
    expect(f?.byValue).toEqual([{ position: 1, slot: 1, type: 'STRUCT', bytes: 16, isScalar }]);
  });

  it('is not kept busy by structures of structures of structures', () => {
    const many = Array.from({ length: 2000 }, (_, k) => member(4 + (k % 3))).flat();
    const rows: Row[] = [0, 1, 2, 3, 4, 5].map(() => [0, STRUCT, 2000, 16, ...many]);
    const types: Row[] = [U64_TYPE, [0, FUNC_PROTO, 1, 1, 0, 3], ...rows, [1, FUNC, 1, 2]];
    const f = readPrototypes(section(types), 'f.o').get('f');
    expect(f?.byValue).toMatchObject([{ isScalar: false }]);
  });

  it.each([
    [0, 'static'],
    [1, 'global'],
    [2, undefined],
  ])('tells the linkage: %d is %s', (vlen, want) => {
    const f = readPrototypes(section([...twoWide, [1, FUNC, vlen, 2]]), 'f.o').get('f');
    expect(f?.linkage).toBe(want);
  });
});

describe('readPrototypes refuses', () => {
  const FUNC_F: Row = [1, FUNC, 0, 2];
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), '.BTF offset 0: 2 bytes are needed but it has 0'],
    ['a cut header', section([]).subarray(0, 20), '.BTF header: it claims bytes 24 to 24 but has 20'],
    ['big-endian BTF', section([], { magic: 0x9feb }), '.BTF header: it is big-endian'],
    ['another magic', section([], { magic: 0x1234 }), '.BTF header: magic is 0x1234'],
    ['another version', section([], { version: 2 }), '.BTF header: version is 2'],
    ['a header too short', section([], { length: 8 }), '.BTF header: its length is 8'],
    [
      'parts past the end',
      section([U64_TYPE]).subarray(0, 30),
      '.BTF header: it claims bytes 24 to 40 but has 30',
    ],
    ['an unknown kind', section([[0, 31, 0, 0]]), '.BTF type 1: kind 31 is unknown'],
    ['a type past the end', section([[0, STRUCT, 3, 8]]), '.BTF type 1: it passes the end of the types'],
    [
      'a prototype of nothing',
      section([[1, FUNC, 0, 9]]),
      '.BTF type 1 (FUNC): it refers to type 9, but there are 1',
    ],
    ['a function that is an int', section([U64_TYPE, [1, FUNC, 0, 1]]), 'its type is INT, not FUNC_PROTO'],
    [
      'a parameter that is a function',
      section([U64_TYPE, [0, FUNC_PROTO, 1, 1, 0, 3], FUNC_F]),
      'a parameter cannot be a FUNC',
    ],
    [
      'a typedef of itself',
      section([U64_TYPE, [0, FUNC_PROTO, 1, 1, 0, 3], [0, TYPEDEF, 0, 3], FUNC_F]),
      'wraps more than 32 types',
    ],
    [
      'a name past the strings',
      section([U64_TYPE, [0, FUNC_PROTO, 0, 1], [99, FUNC, 0, 2]]),
      '.BTF strings: no name at offset 99',
    ],
  ])('%s', (_, bytes, want) => {
    const error = errorOf(() => readPrototypes(bytes, 'f.o'));
    expect(error.kind).toBe('input');
    expect(error.message).toContain(want);
    expect(error.message).toContain('llvm-objcopy --remove-section=.BTF');
  });
});
