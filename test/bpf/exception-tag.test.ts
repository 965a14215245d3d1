/** The declaration tag by which a program of an object names its exception callback. */
import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/bpf/elf.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { CLANG, compileC, NO_CLANG } from '../kit/clang.ts';
import { type BtfRow, type ElfFunction, elfObject } from '../kit/elf-object.ts';
import { errorOf, objectFile } from './elf-fixtures.ts';

const [INT, FUNC, FUNC_PROTO, DECL_TAG] = [1, 12, 13, 17];
const GLOBAL = 1;
const ITSELF = 0xffff_ffff;

const MAIN: ElfFunction = { name: 'entry', section: 'tc', code: 'b700000000000000 9500000000000000' };
const CAUGHT: ElfFunction = { name: 'caught', section: '.text', code: 'bf10000000000000 9500000000000000' };
/** Types 1 to 5: u64, its prototypes, entry, caught. */
const TYPES: readonly BtfRow[] = [
  ['u64', INT, 0, 8, 64],
  ['', FUNC_PROTO, 0, 1],
  ['entry', FUNC, GLOBAL, 2],
  ['', FUNC_PROTO, 1, 1, 0, 1],
  ['caught', FUNC, GLOBAL, 4],
];
const tag = (name: string, type = 3, component = ITSELF): BtfRow => [name, DECL_TAG, 0, type, component];

const read = (tags: readonly BtfRow[], functions = [MAIN, CAUGHT]): Program =>
  readElf(elfObject(functions, [...TYPES, ...tags]), { fileName: 'made.o' }).program;
const callbackOf = ({ subprogs, exceptionCallback }: Program): string | undefined =>
  exceptionCallback === undefined ? undefined : subprogs[exceptionCallback]?.name;
const complaint = (tags: readonly BtfRow[], functions?: ElfFunction[]): string =>
  errorOf(() => read(tags, functions)).message;

describe('exception_callback: of an object made by hand', () => {
  it('names the callback, which is part of the program though nothing refers to it', () => {
    const program = read([tag('exception_callback:caught')]);
    expect(callbackOf(program)).toBe('caught');
    expect(program.subprogs.map(({ name, args }) => [name, args])).toEqual([
      ['entry', 0],
      ['caught', 1],
    ]);
  });

  it.each([
    ['another tag', [tag('exception_callback'), tag('weight:7')]],
    ['a tag of another function', [tag('exception_callback:caught', 5)]],
    ['a tag of an argument', [tag('exception_callback:caught', 5, 0)]],
    ['no tag', []],
  ])('is not %s', (_, tags) => {
    const program = read(tags);
    expect(callbackOf(program)).toBeUndefined();
    expect(program.subprogs).toHaveLength(1);
  });

  it.each<[string, BtfRow[], ElfFunction[] | undefined, string]>([
    [
      'a name that no function has',
      [tag('exception_callback:nobody')],
      undefined,
      "read ELF: made.o:entry: exception callback 'nobody' could not be found",
    ],
    [
      'no name at all',
      [tag('exception_callback:')],
      undefined,
      "read ELF: made.o:entry: exception callback '' could not be found",
    ],
    [
      'a static function',
      [tag('exception_callback:caught')],
      [MAIN, { ...CAUGHT, isStatic: true }],
      "read ELF: made.o:entry: exception callback 'caught' must have global linkage",
    ],
    [
      'two names',
      [tag('exception_callback:caught'), tag('exception_callback:entry')],
      undefined,
      'read ELF: made.o:entry: multiple exception callback tags for main subprog: caught, entry',
    ],
    [
      'one name twice',
      [tag('exception_callback:caught'), tag('exception_callback:caught')],
      undefined,
      'read ELF: made.o:entry: multiple exception callback tags for main subprog: caught, caught',
    ],
    [
      'main itself',
      [tag('exception_callback:entry')],
      undefined,
      'read ELF: made.o:entry: exception callback: it cannot be main',
    ],
    [
      'what is no function',
      [tag('exception_callback:caught', 1)],
      undefined,
      'read BTF: made.o: .BTF type 6 (DECL_TAG): exception_callback:caught is on type 1, no function but INT; llvm-objcopy --remove-section=.BTF drops it',
    ],
    [
      'a type that is not there',
      [tag('exception_callback:caught', 99)],
      undefined,
      'read BTF: made.o: .BTF type 6 (DECL_TAG): it refers to type 99, but there are 6; llvm-objcopy --remove-section=.BTF drops it',
    ],
  ])('is refused in one line if it names %s', (_, tags, functions, line) => {
    expect(complaint(tags, functions)).toBe(line);
  });
});

const SOURCE = `
typedef unsigned long long u64;
extern void bpf_throw(u64 cookie) __attribute__((section(".ksyms")));
__attribute__((used)) u64 caught(u64 cookie) { return cookie + 1; }
__attribute__((section("tc"), used, btf_decl_tag("exception_callback:caught")))
u64 entry(void *ctx) { bpf_throw(41); return 7; }
`;

describe('exception_callback: as clang writes it', () => {
  const outcomeOf = (program: Program): string => {
    const checker = new Checker();
    try {
      const { verdict, want } = checker.check(program);
      return `${verdict} ${want?.outcome.kind === 'exit' ? want.outcome.r0 : want?.outcome.kind}`;
    } finally {
      checker.close();
    }
  };
  const recorded = (name: string): Program =>
    readElf(objectFile('throws.o'), { fileName: 'throws.o', function: name }).program;

  it('goes on in the callback, on both sides', () => {
    expect(callbackOf(recorded('entry'))).toBe('on_throw');
    // on_throw(103), the fourth value: 206, and 4 that were looked at.
    expect(outcomeOf(recorded('entry'))).toBe('agree 210');
  });

  it('leaves other programs of the object to the default one', () => {
    expect(callbackOf(recorded('plain'))).toBe('default_callback');
    expect(outcomeOf(recorded('plain'))).toBe('agree 107');
  });

  it.skipIf(CLANG === undefined)(`is read from a fresh object (${CLANG ?? NO_CLANG})`, () => {
    const { object = new Uint8Array() } = compileC(SOURCE);
    const { program } = readElf(object, { fileName: 'fresh.o' });
    expect(callbackOf(program)).toBe('caught');
    expect(outcomeOf(program)).toBe('agree 42');
  });
});
